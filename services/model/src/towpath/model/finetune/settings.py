"""How an encoder is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Defaults are for small sentence encoders and some ten thousand short texts.

    Args:
        epochs: how often each text is learned from, at most.
        batch: texts a step.
        learning_rate: the most that the top layer's is; it rises over the first `warmup` (share of all steps), and
            falls to zero at the end.
        layer_decay: of the learning rate, from each layer to the one below it (Howard and Ruder, ACL 2018).
        head_rate: of the head's, times the top layer's: a head that was fitted beforehand has little to learn (Kumar
            et al., ICLR 2022).
        dropout: share of the activations that are left out while learning.
        smoothing: of labels: the share of the certainty that goes to the other classes.
        max_tokens: longer texts are cut there while learning.
        evaluations: how often an epoch the held texts are asked.
        patience: evaluations without a better one, after which it ends.
        seed: of order and dropout.
    """

    epochs: int = 3
    batch: int = 32
    learning_rate: float = 1e-4
    layer_decay: float = 0.9
    head_rate: float = 1.0
    warmup: float = 0.1
    weight_decay: float = 0.01
    dropout: float = 0.1
    smoothing: float = 0.0
    max_tokens: int = 128
    evaluations: int = 2
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "learning_rate", "evaluations", "patience"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, more than 0 is wanted")
        for name in ("layer_decay", "warmup", "dropout", "smoothing"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, 0 to 1 is wanted")
        if self.max_tokens < 8:
            raise ValueError(f"max_tokens is {self.max_tokens}, 8 or more is wanted")
