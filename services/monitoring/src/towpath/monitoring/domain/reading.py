"""What monitoring reads of a prediction: each field once, for all who look at it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from towpath.v1 import Decision, Prediction

__all__ = ["PredictionReader", "Reading"]

_ASK = Decision.DECISION_ASK_PERSON


class Reading(NamedTuple):
    """A prediction. Times are seconds since the epoch; None, or 0 in `at`, where they are not told.

    `label`: a class index; K for a class that is none of the objective's K; -1 where nothing was decided.
    `probabilities` (K,), nan where it is not told; `whole`: they are told of the K classes and of no other.
    `confidence`: of the class that was decided. `trial`: it may be a challenger's answer. `sketch`: None where the
    model tells nothing of its input; `basis`: of the sketch.
    """

    prediction_id: str
    document_id: str
    release_id: str
    trial: bool
    at: float
    timed: bool
    document_at: float | None
    queued_s: float
    inference_s: float
    label: int
    ask: bool
    cost: float
    probabilities: tuple[float, ...]
    whole: bool
    confidence: float | None
    sketch: bytes | None
    tokens: int
    unknown: int
    basis: int


class PredictionReader:
    """Of predictions for an objective with these classes. Threads may share it."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = tuple(classes)
        self._index: Mapping[str, int] = {name: index for index, name in enumerate(classes)}

    def read(self, message: Prediction) -> Reading:
        said, stats, made, timings = message.class_decision, message.input, message.created_at, message.timings
        told = {each.label: each.probability for each in said.probabilities}
        whole = told.keys() == self._index.keys()
        probabilities = tuple([told.get(name, math.nan) for name in self._classes])
        name, decided, read = said.label, message.HasField("class_decision"), message.HasField("input")
        document_at = None
        if message.HasField("document_created_at"):
            document = message.document_created_at
            document_at = document.seconds + document.nanos / 1e9
        return Reading(
            message.prediction_id,
            message.document_id,
            message.release_id,
            # A shadow's champion answers; in a canary it may be either's.
            bool(message.rollout_id) and not message.HasField("shadow"),
            made.seconds + made.nanos / 1e9,
            message.HasField("created_at"),
            document_at,
            timings.queued_seconds,
            timings.inference_seconds,
            self._index.get(name, len(self._classes)) if decided else -1,
            said.decision == _ASK,
            said.expected_cost,
            probabilities,
            whole,
            told.get(name),
            stats.sketch if read else None,
            stats.tokens,
            stats.unknown_tokens,
            stats.sketch_basis,
        )
