"""Before int8: what is large in activations is moved into weights, where a scale a column has room for it.

SmoothQuant (Xiao et al., ICML 2023). A few columns of a normalisation's output are ten times as large as the others,
and would take the integers of a whole token for themselves. They are divided by a factor, and the weights that they
meet multiplied by it; whoever adds the output up gets it back as it was. Factors are powers of two: nothing is rounded,
so the graph computes what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from towpath.model.scorer import session

__all__ = ["smoothed"]

# Which inputs of a normalisation are its gain and its shift.
_AFFINE = {"LayerNormalization": (1, 2), "EmbedLayerNormalization": (5, 6)}
# How much of what is large goes to the weights: the paper's is 0.5 to 0.8; 0.7 was nearest to fp32 here.
_MOVED = 0.7

Feed = Mapping[str, NDArray[np.int64]]


def smoothed(graph: bytes, sample: Iterable[Feed]) -> bytes:
    """The graph of `merged` or `write_encoder`, its factors from what it makes of `sample` (what the graph takes).

    Raises:
        ValueError: the sample is empty.
    """
    model = onnx.load_model_from_string(graph)
    largest = _largest(graph, [each.output[0] for each in model.graph.node if each.op_type in _AFFINE], sample)
    weights = {each.name: each for each in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes.append(node)
        if node.op_type in _AFFINE:
            nodes += _move(model.graph, node, largest[node.output[0]], weights)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString(deterministic=True))


def _largest(graph: bytes, names: list[str], sample: Iterable[Feed]) -> dict[str, NDArray[np.float32]]:
    """By a node's output, the largest of each of its columns."""
    model = onnx.load_model_from_string(graph)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    run = session(model.SerializeToString(), threads=1).run
    found: dict[str, NDArray[np.float32]] = {}
    for feed in sample:
        there = feed["attention_mask"].astype(bool)
        for name, values in zip(names, run(names, dict(feed)), strict=True):
            most = np.abs(values[there]).max(axis=0)
            found[name] = np.maximum(found.get(name, most), most)
    if not found:
        raise ValueError("the sample is empty: factors come from what the graph makes of some texts")
    return found


def _move(
    graph: onnx.GraphProto, norm: onnx.NodeProto, largest: NDArray[np.float32], weights: dict[str, onnx.TensorProto]
) -> list[onnx.NodeProto]:
    output = norm.output[0]
    users = [each for each in graph.node if output in each.input]
    products = [each for each in users if each.op_type in ("MatMul", "Attention") and each.input[1] in weights]
    if not products:
        return []
    old = {each.input[1]: numpy_helper.to_array(weights[each.input[1]]) for each in products}
    factor = _factors(largest, np.max([np.abs(each).max(axis=1) for each in old.values()], axis=0))
    for place in _AFFINE[norm.op_type]:
        name = norm.input[place]
        weights[name].CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights[name]) / factor, name))
    for name, values in old.items():
        weights[name].CopyFrom(numpy_helper.from_array(values * factor[:, None], name))
    graph.initializer.append(numpy_helper.from_array(factor, f"{output}.factor"))
    for each in users:
        if each not in products:
            each.input[list(each.input).index(output)] = f"{output}.whole"
    whole = f"{output}.whole"
    return [helper.make_node("Mul", [output, f"{output}.factor"], [whole], name=whole)]


def _factors(activations: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    wanted = np.maximum(activations, 1e-5) ** _MOVED / np.maximum(weights, 1e-5) ** (1 - _MOVED)
    return np.exp2(np.rint(np.log2(wanted / np.median(wanted)))).astype(np.float32)
