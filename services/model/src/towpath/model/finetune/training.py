"""The loop: learn, ask held texts, keep the best, go on after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from towpath.model.build.bundle import Head
from towpath.model.build.graph import DISTANCES, BertConfig
from towpath.model.finetune.checkpoint import Checkpoint
from towpath.model.finetune.examples import Batch, Examples
from towpath.model.finetune.network import embed
from towpath.model.finetune.optimiser import optimiser
from towpath.model.finetune.settings import Settings

__all__ = ["Progress", "Tuned", "fine_tune"]

Score = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True)
class Progress:
    """After `step` of `steps`: mean `loss` (nats) since the last, what the held texts scored, the best of it so far."""

    step: int
    steps: int
    loss: float | None
    score: float
    best: float


@dataclass(frozen=True)
class Tuned:
    """The best weights by `score` on held texts, the head that they were learned with, and how it went."""

    weights: dict[str, NDArray[np.float32]]
    head: Head
    history: tuple[Progress, ...]


def fine_tune(
    weights: Mapping[str, NDArray[np.float32]],
    config: BertConfig,
    head: Head,
    learn: Examples,
    held: Examples,
    score: Score,
    settings: Settings,
    *,
    folder: Path | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Tuned:
    """Learn weights and head together, from where they are.

    Args:
        weights: by the names of Hugging Face's BertModel.
        head: on the embeddings of `weights`, fitted beforehand.
        learn, held: to learn from, and to stop by.
        score: of probabilities (n, K) of the held texts, in their order; the least is kept.
        folder: where each evaluation leaves a checkpoint. With one of the same inputs there, it goes on from it.

    Raises:
        ValueError: the encoder is one that cannot be fine-tuned yet; there is nothing to learn from or to stop by; or
            the loss is no number any more.
    """
    if (config.activation, config.pooling) != ("gelu", ("mean",)) or DISTANCES in weights:
        raise ValueError("only encoders with the exact GELU, the mean over tokens and no distance bias are fine-tuned")
    if not len(learn) or not len(held):
        raise ValueError(f"{len(learn)} texts to learn from and {len(held)} to stop by: both are wanted")
    loop = _Loop(config, learn, held, score, settings, tell)
    start = {
        "encoder": {name: jnp.asarray(each) for name, each in weights.items()},
        "head": {"coef": jnp.asarray(head.coef, jnp.float32), "intercept": jnp.asarray(head.intercept, jnp.float32)},
    }
    return loop.run(start, Checkpoint.of(folder, settings, weights, head, learn, held) if folder else None)


class _Loop:
    def __init__(
        self,
        config: BertConfig,
        learn: Examples,
        held: Examples,
        score: Score,
        settings: Settings,
        tell: Callable[[Progress], None],
    ) -> None:
        self.config, self.learn, self.held, self.score, self.settings = config, learn, held, score, settings
        self.tell = tell
        self.per_epoch = -(-len(learn) // settings.batch)
        self.steps = self.per_epoch * settings.epochs
        self.optimiser = optimiser(settings, config, self.steps)
        self._step, self._ask = jax.jit(self._stepped, donate_argnums=(0, 1)), jax.jit(self._probabilities)

    def run(self, parameters: Any, checkpoint: Checkpoint | None) -> Tuned:
        state = {"now": parameters, "best": parameters, "optimiser": self.optimiser.init(parameters)}
        history: list[Progress] = []
        if checkpoint is not None and (kept := checkpoint.read(state)) is not None:
            state, history = kept[0], [Progress(**each) for each in kept[1]]
        else:
            # Where it begins counts, too: an encoder that nothing makes better stays as it was.
            found = self.score(self._held(parameters))
            history.append(Progress(0, self.steps, None, found, found))
            self.tell(history[0])
        while not self._over(history):
            state, progress = self._stretch(state, history)
            history.append(progress)
            if checkpoint is not None:
                checkpoint.write(state, [vars(each) for each in history])
            self.tell(progress)
        best = state["best"]
        head = Head(*(np.asarray(best["head"][name], np.float64) for name in ("coef", "intercept")))
        return Tuned({name: np.asarray(each) for name, each in best["encoder"].items()}, head, tuple(history))

    def _over(self, history: list[Progress]) -> bool:
        best = min(range(len(history)), key=lambda n: history[n].score)
        return history[-1].step >= self.steps or len(history) - 1 - best >= self.settings.patience

    def _stretch(self, state: dict[str, Any], history: list[Progress]) -> tuple[dict[str, Any], Progress]:
        """To the next evaluation."""
        done, every = history[-1].step, max(1, self.per_epoch // self.settings.evaluations)
        epoch, place = divmod(done, self.per_epoch)
        end = self.per_epoch if place + 2 * every > self.per_epoch else place + every
        random = np.random.default_rng((self.settings.seed, epoch))
        # Threefry, JAX's usual generator, takes a tenth of a step on a processor.
        key = jax.random.fold_in(jax.random.key(self.settings.seed, impl="rbg"), epoch)
        now, moments, losses = _copied(state["now"]), _copied(state["optimiser"]), []
        for number, batch in enumerate(self.learn.epoch(self.settings.batch, self.settings.max_tokens, random)):
            if place <= number < end:
                now, moments, loss = self._step(now, moments, jax.random.fold_in(key, number), *_arrays(batch))
                losses.append(loss)
        mean = float(np.mean([float(each) for each in losses]))
        if not np.isfinite(mean):
            raise ValueError(f"the loss is {mean} after step {done}: the learning rate is too high")
        found = self.score(self._held(now))
        better = found < history[-1].best
        progress = Progress(done + end - place, self.steps, mean, found, min(found, history[-1].best))
        return {"now": now, "best": now if better else state["best"], "optimiser": moments}, progress

    def _stepped(
        self, parameters: Any, moments: Any, key: jax.Array, ids: jax.Array, mask: jax.Array, truth: jax.Array,
        weight: jax.Array,
    ) -> Any:  # fmt: skip
        settings = self.settings
        truth = optax.smooth_labels(truth, settings.smoothing) if settings.smoothing else truth

        def loss(parameters: Any) -> jax.Array:
            logits = self._logits(parameters, ids, mask, settings.dropout, key)
            return (weight * optax.softmax_cross_entropy(logits, truth)).sum() / weight.sum()

        value, gradient = jax.value_and_grad(loss)(parameters)
        updates, moments = self.optimiser.update(gradient, moments, parameters)
        return optax.apply_updates(parameters, updates), moments, value

    def _logits(self, parameters: Any, ids: Any, mask: Any, dropout: float = 0.0, key: Any = None) -> jax.Array:
        rows = embed(parameters["encoder"], self.config, ids, mask, dropout=dropout, key=key)
        return rows @ parameters["head"]["coef"].T + parameters["head"]["intercept"]

    def _probabilities(self, parameters: Any, ids: jax.Array, mask: jax.Array) -> jax.Array:
        return jax.nn.softmax(self._logits(parameters, ids, mask), axis=1)

    def _held(self, parameters: Any) -> NDArray[np.float64]:
        out = np.zeros(self.held.truth.shape)
        for batch in self.held.in_order(self.settings.batch, self.settings.max_tokens):
            out[batch.rows] = np.asarray(self._ask(parameters, batch.ids, batch.mask))[: len(batch.rows)]
        return out


def _arrays(batch: Batch) -> tuple[NDArray[Any], ...]:
    return batch.ids, batch.mask, batch.truth, batch.weight


def _copied(tree: Any) -> Any:
    """What a step is given is used up by it."""
    return jax.tree_util.tree_map(jnp.copy, tree)
