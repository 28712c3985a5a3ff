"""Where the model that serves is kept: taken at the start of each batch, replaced between batches."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from towpath.model import Prediction
from towpath.serving.domain.predictions import Released

__all__ = ["Challenger", "ModelSlot", "Predictor", "Serving"]


class Predictor(Protocol):
    """What serving needs of a model."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]: ...


@dataclass(frozen=True)
class Challenger:
    """A release that is tried beside the reigning one.

    `shadow`: it predicts too, and nobody acts on it. `canary`: it answers `share` of the documents (0 to 1), the same
    ones each time, by hash of their ids.
    """

    model: Predictor
    release: Released
    rollout_id: str
    mode: Literal["shadow", "canary"]
    share: float


@dataclass(frozen=True)
class Serving:
    """The reigning model, what predictions say of it, and who challenges it."""

    model: Predictor
    release: Released
    challenger: Challenger | None = None


class ModelSlot:
    """Holds one model. Threads may share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._serving: Serving | None = None

    def put(self, serving: Serving) -> None:
        with self._changed:
            self._serving = serving
            self._changed.notify_all()

    def get(self) -> Serving | None:
        return self._serving

    def wait(self, timeout_s: float) -> Serving | None:
        """The model, waiting for the first one up to `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._serving is not None, timeout_s)
            return self._serving
