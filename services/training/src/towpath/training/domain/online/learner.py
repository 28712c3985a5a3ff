"""Test, then learn: each document's feedback first says what both heads' decisions cost, then teaches the online one.

Prequential evaluation: Gama, Sebastião & Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90(3),
2013. No head is judged on what it has learned from.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.core.objective.parts import Online
from towpath.training.domain.online.gate import Change, OnlineGate
from towpath.training.domain.online.head import OnlineHead, Weights

__all__ = ["Learner", "Told", "Version", "largest_difference"]

_SMOOTHING = 500
"""Documents that the moving averages look back, about."""


@dataclass(frozen=True, slots=True)
class Told:
    """What feedback says: the truth about a document, as a class index."""

    feedback_id: str
    document_id: str
    truth: int


@dataclass(frozen=True)
class Version:
    """A head to be released: `learned` documents after the static one. Costs are recent means, in the unit."""

    weights: Weights
    learned: int
    online_cost: float
    static_cost: float


def largest_difference(costs: Costs) -> float:
    """By how much two decisions about one document can differ in cost."""
    rows = costs.matrix
    if costs.ask_person is not None:
        rows = np.column_stack([rows, np.full(len(rows), costs.ask_person)])
    # With all costs equal there is nothing to decide; the range is still a range.
    return max(float((rows.max(axis=1) - rows.min(axis=1)).max()), 1e-9)


class _Moving:
    """An exponentially forgetting mean, as prequential errors are read in a stream (Gama et al. 2013, section 3)."""

    def __init__(self) -> None:
        self._sum = self._weight = 0.0

    def add(self, value: float) -> None:
        fade = 1 - 1 / _SMOOTHING
        self._sum, self._weight = self._sum * fade + value, self._weight * fade + 1

    @property
    def mean(self) -> float:
        return self._sum / self._weight if self._weight else 0.0


class Learner:
    """The state of an online head: all of it follows from the static one and from what it was told, in order.

    A document is judged by and learned from once. Feedback that corrects an earlier one is learned as another step,
    towards the new truth, and is not judged by: the head has seen that document. Of the last `memory` feedbacks and
    documents it knows that they were there.
    """

    def __init__(self, static: Weights, costs: Costs, online: Online, *, memory: int = 100_000) -> None:
        self._costs, self._online, self._memory = costs, online, memory
        self._head = OnlineHead(static, online.learning_rate)
        self.gate = OnlineGate(online, largest_difference(costs))
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._truths: OrderedDict[str, int] = OrderedDict()
        self.online_cost, self.static_cost = _Moving(), _Moving()
        self.learned = 0
        self.serves: Version | None = None
        """What should reign; None for the static release."""

    def news(self, told: Told) -> Literal["new", "corrected", "repeated"]:
        """What it would be to this learner, before anything is computed for it."""
        known = self._truths.get(told.document_id)
        if told.feedback_id in self._ids or known == told.truth:
            return "repeated"
        return "new" if known is None else "corrected"

    def learn(self, told: Told, embedding: NDArray[np.float32], static: NDArray[np.float32]) -> Change | None:
        """Judge, then learn; `static` (K,) are the static release's probabilities. Returns what changes."""
        news, change = self.news(told), None
        if news == "repeated":
            return None
        if news == "new":
            change = self._judge(told.truth, embedding, static)
        self._remember(told)
        self._head.learn(embedding, told.truth)
        self.learned += 1
        self._version(change)
        return change

    def withdrawn(self) -> None:
        """Somebody gave the reign back to the static release."""
        if self.gate.reigns:
            self.gate.give_back()
            self.serves = None

    @property
    def weights(self) -> Weights:
        return self._head.weights

    def _judge(self, truth: int, embedding: NDArray[np.float32], static: NDArray[np.float32]) -> Change | None:
        acting = self._head.weights if self.serves is None else self.serves.weights
        made = self._costs.decide(np.stack([acting.probabilities(embedding), static.astype(np.float64)]))
        online, fixed = self._costs.realised([truth, truth], made.labels, made.ask)
        self.online_cost.add(float(online))
        self.static_cost.add(float(fixed))
        return self.gate.add(float(online - fixed))

    def _version(self, change: Change | None) -> None:
        if not self.gate.reigns:
            self.serves = None
        elif change or (self.serves and self.learned - self.serves.learned >= self._online.publish_every):
            self.serves = Version(self._head.weights, self.learned, self.online_cost.mean, self.static_cost.mean)

    def _remember(self, told: Told) -> None:
        self._ids[told.feedback_id] = None
        self._truths[told.document_id] = told.truth
        self._truths.move_to_end(told.document_id)
        for kept in (self._ids, self._truths):
            if len(kept) > self._memory:
                kept.popitem(last=False)
