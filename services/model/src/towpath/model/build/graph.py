"""A BERT encoder as an ONNX graph, written node by node with ONNX Runtime's fused operators. No torch.

Embedding, attention and activation are `com.microsoft` operators, GELU is the exact one (erf). Sentences are the
mean over tokens, of unit length, as sentence-transformers has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["BertConfig", "GraphWriter", "encoder_graph"]

Weights = Mapping[str, NDArray[np.float32]]
_OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]


@dataclass(frozen=True)
class BertConfig:
    """`max_tokens` is the most that the encoder was trained to read."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    max_tokens: int


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
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def model(self, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        graph = helper.make_graph(self.nodes, "towpath", inputs, outputs, self.weights)
        # IR 10 is what ONNX Runtime 1.18 and later read.
        return helper.make_model(graph, opset_imports=_OPSETS, ir_version=10, producer_name="towpath")


def encoder_graph(weights: Weights, config: BertConfig) -> onnx.ModelProto:
    """input_ids, attention_mask (n, tokens) int64 → embedding (n, hidden) float32 of unit length.

    Args:
        weights: by the names of Hugging Face's BertModel.
    """
    graph = GraphWriter()
    ids = graph.add("Cast", ["input_ids"], "ids", to=TensorProto.INT32)
    mask = graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    hidden = _embed(graph, weights, config, ids)
    for layer in range(config.layers):
        hidden = _layer(graph, weights, config, layer, hidden, mask)
    _pool(graph, hidden)
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", config.hidden])
    return graph.model([output])


def _embed(graph: GraphWriter, weights: Weights, config: BertConfig, ids: str) -> str:
    # There is one segment only, so its vector is added to every position beforehand.
    positions = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    inputs = [
        ids,
        "",
        graph.weight("words", weights["embeddings.word_embeddings.weight"]),
        graph.weight("positions", positions[: config.max_tokens]),
        "",
        graph.weight("embed.gamma", weights["embeddings.LayerNorm.weight"]),
        graph.weight("embed.beta", weights["embeddings.LayerNorm.bias"]),
    ]
    graph.nodes.append(
        helper.make_node(
            "EmbedLayerNormalization",
            inputs,
            ["embedded", "embedded.mask"],
            name="embedded",
            domain="com.microsoft",
            epsilon=config.epsilon,
        )
    )
    return "embedded"


def _layer(graph: GraphWriter, weights: Weights, config: BertConfig, number: int, hidden: str, mask: str) -> str:
    source, to = f"encoder.layer.{number}.", f"layer{number}."
    parts = [f"{source}attention.self.{part}" for part in ("query", "key", "value")]
    merged = np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    inputs = [hidden, graph.weight(f"{to}qkv", merged), graph.weight(f"{to}qkv.bias", bias), mask]
    attended = graph.add("Attention", inputs, f"{to}attention", fused=True, num_heads=config.heads)
    projected = _dense(graph, weights, f"{source}attention.output.dense", f"{to}projection", attended)
    normed = _add_and_norm(graph, weights, config, f"{source}attention.output", f"{to}middle", projected, hidden)
    inner = _dense(graph, weights, f"{source}intermediate.dense", f"{to}inner", normed)
    bias_name = graph.weight(f"{to}inner.bias", weights[f"{source}intermediate.dense.bias"])
    active = graph.add("BiasGelu", [inner, bias_name], f"{to}gelu", fused=True)
    outer = _dense(graph, weights, f"{source}output.dense", f"{to}outer", active)
    return _add_and_norm(graph, weights, config, f"{source}output", f"{to}out", outer, normed)


def _dense(graph: GraphWriter, weights: Weights, source: str, to: str, hidden: str) -> str:
    """Without its bias, which the operator that follows adds."""
    return graph.add("MatMul", [hidden, graph.weight(f"{to}.weight", weights[f"{source}.weight"].T)], to)


def _add_and_norm(
    graph: GraphWriter, weights: Weights, config: BertConfig, source: str, to: str, hidden: str, skip: str
) -> str:
    # Not as one SkipLayerNormalization: on a processor, that takes four times as long as these three.
    biased = graph.add("Add", [hidden, graph.weight(f"{to}.bias", weights[f"{source}.dense.bias"])], f"{to}.biased")
    summed = graph.add("Add", [biased, skip], f"{to}.sum")
    gamma = graph.weight(f"{to}.gamma", weights[f"{source}.LayerNorm.weight"])
    beta = graph.weight(f"{to}.beta", weights[f"{source}.LayerNorm.bias"])
    return graph.add("LayerNormalization", [summed, gamma, beta], to, axis=-1, epsilon=config.epsilon)


def _pool(graph: GraphWriter, hidden: str) -> None:
    """Mean over the tokens that are there, then unit length."""
    mask = graph.add("Cast", ["attention_mask"], "mask.float", to=TensorProto.FLOAT)
    last, token = graph.weight("axis.last", np.array([2])), graph.weight("axis.token", np.array([1]))
    wide = graph.add("Unsqueeze", [mask, last], "mask.wide")
    total = graph.add("ReduceSum", [graph.add("Mul", [hidden, wide], "masked"), token], "sum", keepdims=0)
    count = graph.add("ReduceSum", [wide, token], "count", keepdims=0)
    mean = graph.add("Div", [total, count], "mean")
    norm = graph.add("ReduceL2", [mean, token], "norm", keepdims=1)
    tiny = graph.weight("tiny", np.array(1e-12, dtype=np.float32))
    graph.add("Div", [mean, graph.add("Max", [norm, tiny], "norm.safe")], "embedding")
