"""Where the folder of an architecture has what the graph's builder takes, under which name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.model.build.importing.errors import EncoderError

__all__ = ["FAMILIES", "Family", "family_of"]

_EMBEDDINGS = "embeddings."
# Of BertModel's parts of a layer, those of others, each with weight and bias.
_BERT = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_DISTILBERT = (
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)
_MPNET = (
    "attention.attn.q",
    "attention.attn.k",
    "attention.attn.v",
    "attention.attn.o",
    "attention.LayerNorm",
    *_BERT[5:],
)


@dataclass(frozen=True)
class Family:
    """An architecture.

    Args:
        name: its `model_type`; also what tensors' names begin with where a task's head is beside the encoder.
        layer: what a layer's tensors begin with, before its number.
        parts: by the names of BertModel's.
        token_types: whether it has vectors of segments, of which texts use the first.
        padding: positions begin behind this id: the configuration's `pad_token_id`, an id, or at 0 where None.
        distances: the tensor of what attention is raised by for how far apart two tokens are.
        inner, activation: the configuration's names of them.
    """

    name: str
    parts: tuple[str, ...] = _BERT
    layer: str = "encoder.layer"
    token_types: bool = True
    padding: str | int | None = None
    distances: str | None = None
    inner: str = "intermediate_size"
    activation: str = "hidden_act"
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def first_position(self, settings: Any) -> int:
        """Row of the first token in the table of positions."""
        padding = getattr(settings, self.padding) if isinstance(self.padding, str) else self.padding
        return 0 if padding is None else int(padding) + 1

    def setting(self, settings: Any, name: str) -> Any:
        """Of the configuration, or what the family always has."""
        return self.fixed[name] if name in self.fixed else getattr(settings, name)

    def shapes(self, settings: Any) -> dict[str, tuple[str, tuple[int, ...]]]:
        """By BertModel's name of a tensor, its name here and its shape."""
        hidden, inner = settings.hidden_size, getattr(settings, self.inner)
        found: dict[str, tuple[int, ...]] = {
            "word_embeddings.weight": (settings.vocab_size, hidden),
            "position_embeddings.weight": (settings.max_position_embeddings, hidden),
            "LayerNorm.weight": (hidden,),
            "LayerNorm.bias": (hidden,),
        }
        if self.token_types:
            found["token_type_embeddings.weight"] = (settings.type_vocab_size, hidden)
        named = {f"{_EMBEDDINGS}{name}": (f"{_EMBEDDINGS}{name}", shape) for name, shape in found.items()}
        wide = {"intermediate.dense": (inner, hidden), "output.dense": (hidden, inner)}
        for number in range(settings.num_hidden_layers):
            for ours, theirs in zip(_BERT, self.parts, strict=True):
                shape = (hidden,) if ours.endswith("LayerNorm") else wide.get(ours, (hidden, hidden))
                to, source = f"encoder.layer.{number}.{ours}", f"{self.layer}.{number}.{theirs}"
                named[f"{to}.weight"] = (f"{source}.weight", shape)
                named[f"{to}.bias"] = (f"{source}.bias", shape[:1])
        if self.distances is not None:
            buckets = (settings.relative_attention_num_buckets, settings.num_attention_heads)
            named[self.distances] = (self.distances, buckets)
        return named


FAMILIES = {
    each.name: each
    for each in (
        Family("bert"),
        Family(
            "distilbert",
            parts=_DISTILBERT,
            layer="transformer.layer",
            token_types=False,
            inner="hidden_dim",
            activation="activation",
            fixed={"layer_norm_eps": 1e-12},
        ),
        Family("mpnet", parts=_MPNET, token_types=False, padding=1, distances="encoder.relative_attention_bias.weight"),
        Family("roberta", padding="pad_token_id"),
    )
}


def family_of(config: Mapping[str, Any], where: Path) -> Family:
    """The family that config.json names. Raises EncoderError: it is none of ours, or computes otherwise."""
    kind = config.get("model_type")
    if kind not in FAMILIES:
        raise EncoderError(f"{where}: model_type is {str(kind)[:100]!r}; {', '.join(sorted(FAMILIES))} are read")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderError(f"{where}: position_embedding_type is {config['position_embedding_type']!r}, not 'absolute'")
    if config.get("is_decoder"):
        raise EncoderError(f"{where}: is_decoder: it reads from left to right, and is no encoder")
    return FAMILIES[kind]
