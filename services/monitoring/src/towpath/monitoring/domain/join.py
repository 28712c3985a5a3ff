"""Predictions meet feedback, whichever comes first. Repeated ids count once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from towpath.monitoring.domain.window import Window

__all__ = ["Counted", "Join", "Predicted", "Told"]


class Predicted(NamedTuple):
    """What monitoring remembers of a prediction: a class index, and whether a person was asked instead.

    `top` is the most probable class and `confidence` its probability, nan where probabilities were not told. `tokens`
    is None where the model does not tell them. `at`: seconds since the epoch. `number`: of the prediction among all.
    """

    prediction_id: str
    document_id: str
    release_id: str
    label: int
    ask: bool
    expected_cost: float
    top: int = 0
    confidence: float = float("nan")
    tokens: int | None = None
    at: float = 0.0
    number: int = 0


class Told(NamedTuple):
    """What feedback says: the truth about a document, as a class index."""

    feedback_id: str
    document_id: str
    prediction_id: str
    truth: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A prediction and the truth about its document; `before`: the truth that it had, and no longer holds."""

    predicted: Predicted
    truth: int
    before: int | None


class Join:
    """By prediction where feedback names one, else by the document's latest prediction.

    A document has one truth at a time: later feedback takes the place of earlier.
    """

    def __init__(self, size: int) -> None:
        self._by_id: Window[str, Predicted] = Window(size)
        self._by_document: Window[str, Predicted] = Window(size)
        self._waiting: Window[str, Told] = Window(size)
        self._feedback: Window[str, None] = Window(size)
        self._truths: Window[str, int] = Window(size)

    def prediction(self, predicted: Predicted) -> Counted | None:
        """What can be counted now; None where there is nothing, as of a repeat."""
        if not self._by_id.add(predicted.prediction_id, predicted):
            return None
        self._by_document.put(predicted.document_id, predicted)
        told = self._waiting.get(predicted.document_id)
        if told is None or (told.prediction_id and told.prediction_id != predicted.prediction_id):
            return None
        return self._count(predicted, told)

    def feedback(self, told: Told) -> Counted | None:
        """The same for feedback."""
        if not self._feedback.add(told.feedback_id, None):
            return None
        # Kept, because a later release may predict the document again.
        self._waiting.put(told.document_id, told)
        named = told.prediction_id
        predicted = self._by_id.get(named) if named else self._by_document.get(told.document_id)
        if predicted is None or predicted.document_id != told.document_id:
            return None
        return self._count(predicted, told)

    def _count(self, predicted: Predicted, told: Told) -> Counted:
        before = self._truths.get(predicted.prediction_id)
        self._truths.put(predicted.prediction_id, told.truth)
        return Counted(predicted, told.truth, before)
