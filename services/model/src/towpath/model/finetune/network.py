"""The encoder in JAX: the same function of the same weights as `towpath.model.build.graph`, which can be derived.

Weights have the names of Hugging Face's BertModel.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from towpath.model.build.graph import BertConfig

__all__ = ["LAYER", "Parameters", "embed"]

Parameters = dict[str, jax.Array]
LAYER = "encoder.layer."


def embed(
    weights: Mapping[str, jax.Array],
    config: BertConfig,
    ids: jax.Array,
    mask: jax.Array,
    *,
    dropout: float = 0.0,
    key: jax.Array | None = None,
) -> jax.Array:
    """(n, hidden) float32 of unit length, of `ids` and `mask` (n, tokens).

    Args:
        dropout: share of each sublayer's output that is left out; needs `key`.
    """
    keys = iter([None] * (2 * config.layers + 1) if key is None else jax.random.split(key, 2 * config.layers + 1))
    words = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    summed = words + places + weights["embeddings.token_type_embeddings.weight"][0]
    hidden = _dropped(_normed(weights, "embeddings", summed, config), dropout, next(keys))
    for number in range(config.layers):
        name = f"{LAYER}{number}."
        seen = _dense(weights, f"{name}attention.output.dense", _attended(weights, name, config, hidden, mask))
        hidden = _normed(weights, f"{name}attention.output", hidden + _dropped(seen, dropout, next(keys)), config)
        inner = jax.nn.gelu(_dense(weights, f"{name}intermediate.dense", hidden), approximate=False)
        outer = _dropped(_dense(weights, f"{name}output.dense", inner), dropout, next(keys))
        hidden = _normed(weights, f"{name}output", hidden + outer, config)
    mean = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean / jnp.maximum(jnp.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def _attended(
    weights: Mapping[str, jax.Array], name: str, config: BertConfig, hidden: jax.Array, mask: jax.Array
) -> jax.Array:
    texts, tokens, width = hidden.shape

    def heads(part: str) -> jax.Array:
        made = _dense(weights, f"{name}attention.self.{part}", hidden)
        return made.reshape(texts, tokens, config.heads, width // config.heads).transpose(0, 2, 1, 3)

    scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.sqrt(width // config.heads)
    shares = jax.nn.softmax(scores + jnp.where(mask[:, None, None, :] > 0, 0.0, -1e9), axis=-1)
    return (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(texts, tokens, width)


def _dense(weights: Mapping[str, jax.Array], name: str, rows: jax.Array) -> jax.Array:
    return rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normed(weights: Mapping[str, jax.Array], name: str, rows: jax.Array, config: BertConfig) -> jax.Array:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    scaled = centred * jax.lax.rsqrt((centred**2).mean(axis=-1, keepdims=True) + config.epsilon)
    return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]


def _dropped(rows: jax.Array, share: float, key: jax.Array | None) -> jax.Array:
    if key is None or share == 0:
        return rows
    return jnp.where(jax.random.bernoulli(key, 1 - share, rows.shape), rows / (1 - share), 0.0)
