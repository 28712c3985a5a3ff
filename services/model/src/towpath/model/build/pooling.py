"""From a vector a token to one a text, as sentence-transformers' Pooling and Normalize do it."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from towpath.model.build.writer import GraphWriter

__all__ = ["POOLINGS", "pool"]

# In the order in which sentence-transformers joins several.
POOLINGS = ("cls", "max", "mean")


def pool(graph: GraphWriter, hidden: str, kinds: tuple[str, ...]) -> None:
    """Write `embedding`: what `kinds` (of POOLINGS) make of the tokens that are there, joined, of unit length."""
    masked = set(kinds) != {"cls"}
    mask = graph.add("Cast", ["attention_mask"], "mask.float", to=TensorProto.FLOAT) if masked else ""
    last = graph.weight("axis.last", np.array([2])) if masked else ""
    graph.weight("axis.token", np.array([1]))
    wide = graph.add("Unsqueeze", [mask, last], "mask.wide") if masked else ""
    pooled = [_POOLED[kind](graph, hidden, wide) for kind in POOLINGS if kind in kinds]
    joined = pooled[0] if len(pooled) == 1 else graph.add("Concat", pooled, "joined", axis=1)
    norm = graph.add("ReduceL2", [joined, "axis.token"], "norm", keepdims=1)
    tiny = graph.weight("tiny", np.array([1e-12], dtype=np.float32))
    graph.add("Div", [joined, graph.add("Max", [norm, tiny], "norm.safe")], "embedding")


def _cls(graph: GraphWriter, hidden: str, _: str) -> str:
    return graph.add("Gather", [hidden, graph.weight("first", np.array(0))], "cls", axis=1)


def _max(graph: GraphWriter, hidden: str, wide: str) -> str:
    there = graph.add("Cast", [wide], "mask.there", to=TensorProto.BOOL)
    least = graph.weight("least", np.array(-1e9, dtype=np.float32))
    return graph.add("ReduceMax", [graph.add("Where", [there, hidden, least], "real"), "axis.token"], "max", keepdims=0)


def _mean(graph: GraphWriter, hidden: str, wide: str) -> str:
    total = graph.add("ReduceSum", [graph.add("Mul", [hidden, wide], "masked"), "axis.token"], "sum", keepdims=0)
    count = graph.add("ReduceSum", [wide, "axis.token"], "count", keepdims=0)
    return graph.add("Div", [total, count], "mean")


_POOLED = {"cls": _cls, "max": _max, "mean": _mean}
