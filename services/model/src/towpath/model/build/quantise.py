"""An encoder's graph in eight-bit integers: weights a scale a column, activations a scale a token, found as it runs.

As LLM.int8() and ZeroQuant do (Dettmers et al., NeurIPS 2022; Yao et al., NeurIPS 2022). ONNX Runtime's own dynamic
quantisation has one scale for a whole batch: a text's answer would depend on what else is in its batch, and be six
times as far from that of fp32 as this is (on a smoothed graph: `smoothed`). What is not a product with weights
(attention, normalisation, head) stays as it was.

Sums of u8 x s8 are exact where the processor has VNNI, AMX or Arm's dot products; older ones may saturate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["quantised"]

_MOST = 127  # of a weight's or an activation's integer
_CONSTANTS: dict[str, NDArray[np.generic]] = {
    "int8.most": np.array(_MOST, dtype=np.float32),
    "int8.tiny": np.array(1e-9, dtype=np.float32),
    "int8.one": np.array(1, dtype=np.float32),
    "int8.zero": np.array(128, dtype=np.uint8),
    "int8.flat": np.array([-1], dtype=np.int64),
}


def quantised(graph: bytes) -> bytes:
    """The graph of `write_encoder` or of a bundle, with its products in int8; the same bytes each time.

    Raises:
        ValueError: it has no product with weights.
    """
    model = onnx.load_model_from_string(graph)
    rewriter = _Rewriter(model.graph)
    for node in model.graph.node:
        rewriter.take(node)
    if not rewriter.replaced:
        raise ValueError("the graph has no product of activations with weights: nothing to quantise")
    kept = [each for each in model.graph.initializer if each.name not in rewriter.replaced]
    made = [numpy_helper.from_array(values, name) for name, values in rewriter.weights.items()]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(rewriter.nodes)
    model.graph.initializer.extend([*kept, *made])
    return bytes(model.SerializeToString(deterministic=True))


class _Rewriter:
    """Nodes and weights of the new graph, as the old one's nodes are taken in their order."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._old = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._scaled: dict[str, tuple[str, str]] = {}
        self.nodes = [helper.make_node("Shape", ["input_ids"], ["int8.shape"], name="int8.shape")]
        self.weights = dict(_CONSTANTS)
        self.replaced: set[str] = set()

    def take(self, node: onnx.NodeProto) -> None:
        if node.op_type == "MatMul" and node.input[1] in self._old:
            self.replaced.add(node.input[1])
            self._product(node.input[0], self._old[node.input[1]], node.output[0])
        elif node.op_type == "Attention":
            self._attention(node)
        else:
            self.nodes.append(node)

    def _attention(self, node: onnx.NodeProto) -> None:
        """Its products for query, key and value apart from what it makes of them."""
        hidden, weight, bias, mask, *more = node.input
        self.replaced.add(weight)
        columns = np.split(self._old[weight], 3, axis=1)
        parts = [self._product(hidden, part, f"{node.output[0]}.{n}") for n, part in enumerate(columns)]
        heads = next(each.i for each in node.attribute if each.name == "num_heads")
        # What follows the mask is, in both, nothing or what is added for how far apart two tokens are.
        inputs = [*parts, bias, mask, *more[1:]]
        self._add("MultiHeadAttention", inputs, node.output[0], fused=True, num_heads=heads)

    def _product(self, hidden: str, weight: NDArray[np.float32], to: str) -> str:
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-9) / _MOST
        self.weights[f"{to}.weight.int8"] = np.ascontiguousarray(np.rint(weight / scale).astype(np.int8))
        self.weights[f"{to}.weight.scale"] = scale.astype(np.float32)
        self.weights[f"{to}.weight.zero"] = np.zeros(len(scale), dtype=np.int8)
        integers, scales = self._quantise(hidden, len(weight))
        inputs = [integers, f"{to}.weight.int8", "int8.one", f"{to}.weight.scale", "int8.zero", f"{to}.weight.zero"]
        return self._add("Mul", [self._add("MatMulIntegerToFloat", inputs, f"{to}.int8", fused=True), scales], to)

    def _quantise(self, hidden: str, width: int) -> tuple[str, str]:
        """(integers (n, tokens, width) uint8 about 128, scales (n, tokens, 1)), once for whoever wants them."""
        if hidden not in self._scaled:
            largest = self._add(
                "ReduceMax", [self._add("Abs", [hidden], f"{hidden}.abs"), "int8.flat"], f"{hidden}.max"
            )
            safe = self._add("Max", [largest, "int8.tiny"], f"{hidden}.max.safe")
            scales = self._add("Div", [safe, "int8.most"], f"{hidden}.scale")
            # One scale a row is for two dimensions only.
            flat = self._add("Reshape", [scales, "int8.flat"], f"{hidden}.scale.flat")
            count = self._add("Shape", [flat], f"{hidden}.count")
            zeros = self._add("Expand", ["int8.zero", count], f"{hidden}.zeros")
            self.weights[f"int8.rows.{width}"] = np.array([-1, width], dtype=np.int64)
            self.weights[f"int8.width.{width}"] = np.array([width], dtype=np.int64)
            rows = self._add("Reshape", [hidden, f"int8.rows.{width}"], f"{hidden}.rows")
            integers = self._add("QuantizeLinear", [rows, flat, zeros], f"{hidden}.rows.int8", axis=0)
            shape = self._add("Concat", ["int8.shape", f"int8.width.{width}"], f"{hidden}.shape", axis=0)
            self._scaled[hidden] = (self._add("Reshape", [integers, shape], f"{hidden}.int8"), scales)
        return self._scaled[hidden]

    def _add(self, kind: str, inputs: Sequence[str], output: str, *, fused: bool = False, **attributes: object) -> str:
        domain = "com.microsoft" if fused else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output
