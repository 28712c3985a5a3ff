"""An encoder of BERT's kind as an ONNX graph, written node by node with ONNX Runtime's fused operators. No torch.

Embedding, attention and activation are `com.microsoft` operators. Sentences are pooled to unit length, by default the
mean over tokens, as sentence-transformers has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from towpath.model.build.pooling import pool
from towpath.model.build.writer import GraphWriter

__all__ = ["ACTIVATIONS", "BertConfig", "encoder_graph"]

Weights = Mapping[str, NDArray[np.float32]]
_SEGMENTS = "embeddings.token_type_embeddings.weight"
DISTANCES = "encoder.distance_bias"
# The exact GELU, its approximation by tanh, and ReLU.
ACTIVATIONS = {"gelu": "BiasGelu", "gelu_tanh": "FastGelu", "relu": "Relu"}


@dataclass(frozen=True)
class BertConfig:
    """`max_tokens` is the most that the encoder was trained to read. `activation` is one of ACTIVATIONS, `pooling` some
    of POOLINGS."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    max_tokens: int
    activation: str = "gelu"
    pooling: tuple[str, ...] = ("mean",)

    @property
    def width(self) -> int:
        """Of an embedding."""
        return self.hidden * len(self.pooling)


def encoder_graph(weights: Weights, config: BertConfig) -> onnx.ModelProto:
    """input_ids, attention_mask (n, tokens) int64 → embedding (n, width) float32 of unit length.

    Args:
        weights: by the names of Hugging Face's BertModel. Token types may be absent; position 0 is that of the first
            token. Where there is `encoder.distance_bias` (heads, 2 · max_tokens - 1), attention is more or less by what
            it has for how far apart two tokens are, -max_tokens + 1 first.
    """
    graph = GraphWriter()
    ids = graph.add("Cast", ["input_ids"], "ids", to=TensorProto.INT32)
    mask = graph.add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    bias = [_distances(graph, weights[DISTANCES], config)] if DISTANCES in weights else []
    hidden = _embed(graph, weights, config, ids)
    for layer in range(config.layers):
        hidden = _layer(graph, weights, config, layer, hidden, [mask, "", *bias] if bias else [mask])
    pool(graph, hidden, config.pooling)
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", config.width])
    return graph.model([output])


def _distances(graph: GraphWriter, table: NDArray[np.float32], config: BertConfig) -> str:
    """(1, heads, tokens, tokens): what attention of a token (third) to another (fourth) is raised by."""
    shape = graph.add("Shape", ["input_ids"], "shape")
    count = graph.add("Gather", [shape, graph.weight("one", np.array(1))], "tokens", axis=0)
    places = graph.add("Range", [graph.weight("zero", np.array(0)), count, "one"], "places")
    across = graph.add("Unsqueeze", [places, graph.weight("axis.0", np.array([0]))], "places.across")
    down = graph.add("Unsqueeze", [places, graph.weight("axis.1", np.array([1]))], "places.down")
    apart = graph.add("Sub", [across, down], "apart")
    rows = graph.add("Add", [apart, graph.weight("middle", np.array(config.max_tokens - 1))], "apart.row")
    found = graph.add("Gather", [graph.weight("distances", table), rows], "bias.heads", axis=1)
    return graph.add("Unsqueeze", [found, "axis.0"], "bias")


def _embed(graph: GraphWriter, weights: Weights, config: BertConfig, ids: str) -> str:
    positions = weights["embeddings.position_embeddings.weight"]
    if _SEGMENTS in weights:
        # There is one segment only, so its vector is added to every position beforehand.
        positions = positions + weights[_SEGMENTS][0]
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


def _layer(graph: GraphWriter, weights: Weights, config: BertConfig, number: int, hidden: str, masks: list[str]) -> str:
    source, to = f"encoder.layer.{number}.", f"layer{number}."
    parts = [f"{source}attention.self.{part}" for part in ("query", "key", "value")]
    merged = np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    inputs = [hidden, graph.weight(f"{to}qkv", merged), graph.weight(f"{to}qkv.bias", bias), *masks]
    attended = graph.add("Attention", inputs, f"{to}attention", fused=True, num_heads=config.heads)
    projected = _dense(graph, weights, f"{source}attention.output.dense", f"{to}projection", attended)
    normed = _add_and_norm(graph, weights, config, f"{source}attention.output", f"{to}middle", projected, hidden)
    inner = _dense(graph, weights, f"{source}intermediate.dense", f"{to}inner", normed)
    bias_name = graph.weight(f"{to}inner.bias", weights[f"{source}intermediate.dense.bias"])
    active = _activate(graph, config.activation, inner, bias_name, f"{to}gelu")
    outer = _dense(graph, weights, f"{source}output.dense", f"{to}outer", active)
    return _add_and_norm(graph, weights, config, f"{source}output", f"{to}out", outer, normed)


def _activate(graph: GraphWriter, kind: str, inner: str, bias: str, to: str) -> str:
    if kind == "relu":
        return graph.add("Relu", [graph.add("Add", [inner, bias], f"{to}.biased")], to)
    return graph.add(ACTIVATIONS[kind], [inner, bias], to, fused=True)


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
