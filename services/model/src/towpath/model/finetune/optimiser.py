"""AdamW (Loshchilov and Hutter, ICLR 2019), its rate less for each layer further down, rising first, then falling."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from towpath.model.build.graph import BertConfig
from towpath.model.finetune.network import LAYER
from towpath.model.finetune.settings import Settings

__all__ = ["optimiser"]

_CLIP = 1.0


def optimiser(settings: Settings, config: BertConfig, steps: int) -> optax.GradientTransformation:
    """For parameters {"encoder": by name, "head": by name}, over `steps` steps."""
    rate = optax.schedules.warmup_cosine_decay_schedule(
        0.0, settings.learning_rate, max(1, round(steps * settings.warmup)), max(2, steps)
    )
    return optax.chain(
        optax.clip_by_global_norm(_CLIP),
        optax.scale_by_adam(),
        optax.add_decayed_weights(settings.weight_decay, mask=_matrices),
        optax.stateless(lambda updates, _: jax.tree_util.tree_map_with_path(_scaled(settings, config), updates)),
        optax.scale_by_learning_rate(rate),
    )


def _matrices(parameters: optax.Params) -> optax.Params:
    """Biases and normalisations are not drawn to zero."""
    return jax.tree_util.tree_map(lambda each: jnp.ndim(each) > 1, parameters)


def _scaled(settings: Settings, config: BertConfig):  # type: ignore[no-untyped-def]  # JAX has no type of a path
    def scaled(path, update):  # type: ignore[no-untyped-def]
        part, name = path[0].key, path[1].key
        if part == "head":
            return update * settings.head_rate
        depth = config.layers
        if name.startswith(LAYER):
            depth = config.layers - 1 - int(name.removeprefix(LAYER).split(".")[0])
        return update * settings.layer_decay**depth

    return scaled
