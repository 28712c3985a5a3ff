"""How many floating-point operations a run of a graph takes, from the shapes of its weights.

Counted as everybody does (two for a product and its sum: Hoffmann et al., NeurIPS 2022, appendix F): products with
weights, and of queries with keys and of attention with values. What is done once an element (activation,
normalisation, softmax) is under one in a hundred and left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import onnx

__all__ = ["Operations", "operations"]

# Which of a node's inputs is a weight that activations are multiplied by.
_WEIGHT_OF = {"MatMul": 1, "Attention": 1, "MatMulIntegerToFloat": 1}


@dataclass(frozen=True)
class Operations:
    """`per_token`: two for each weight that every token meets. `per_pair`: for each pair of tokens of a text.

    `per_text`: of the head.
    """

    per_token: int
    per_pair: int
    per_text: int

    def of(self, lengths: Iterable[int]) -> int:
        """Of texts with so many tokens, padding not counted."""
        return sum(self.per_token * each + self.per_pair * each * each + self.per_text for each in lengths)


def operations(graph: bytes) -> Operations:
    """Of an encoder's or a bundle's graph, in fp32 or int8.

    Raises:
        ValueError: it has no attention, so it is none of ours.
    """
    model = onnx.load_model_from_string(graph).graph
    shapes = {each.name: tuple(each.dims) for each in model.initializer}
    token = pair = text = 0
    for node in model.node:
        if node.op_type in _WEIGHT_OF and node.input[_WEIGHT_OF[node.op_type]] in shapes:
            rows, columns = shapes[node.input[_WEIGHT_OF[node.op_type]]]
            token += 2 * rows * columns
        if node.op_type == "Gemm":
            rows, columns = shapes[node.input[1]]
            text += 2 * rows * columns
        if node.op_type in ("Attention", "MultiHeadAttention"):
            # The bias of query, key and value: three times as wide as what they attend with. Two products a pair.
            bias = node.input[2] if node.op_type == "Attention" else node.input[3]
            pair += 2 * 2 * shapes[bias][0] // 3
    if not pair:
        raise ValueError("the graph has no attention: its operations are not known")
    return Operations(token, pair, text)
