"""Collecting an ONNX graph's nodes and weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["GraphWriter"]

_OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]


@dataclass
class GraphWriter:
    """Collects nodes and weights; `add` gives the name of the node's first output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, kind: str, inputs: list[str], output: str, *, fused: bool = False, **attributes: object) -> str:
        domain = "com.microsoft" if fused else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def model(self, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        graph = helper.make_graph(self.nodes, "towpath", inputs, outputs, self.weights)
        # IR 10 is what ONNX Runtime 1.18 and later read.
        return helper.make_model(graph, opset_imports=_OPSETS, ir_version=10, producer_name="towpath")
