"""What a change costs: the expected cost of a document since it began, less that of the reference's documents.

Costs are the model's own expectation, by its probabilities and the objective's costs, so they are known at once and for
each document; where the model is sure and wrong they say too little, and feedback must tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.sequential import ConfidenceSequence

__all__ = ["CONFIDENCE", "Extra", "ExtraCost", "Prices"]

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
_STEPS = 255


@dataclass(frozen=True)
class Extra:
    """Of a document, in the unit; `lower` is below the truth with `CONFIDENCE`."""

    mean: float
    lower: float


class Prices:
    """What the reference's documents are expected to cost, and what any can: `promised` is their mean.

    Raises ValueError where the reference has no cost of any, or no costs differ: there is nothing to lose.
    """

    def __init__(self, costs: Costs, reference: Floats) -> None:
        known = reference[np.isfinite(reference)]
        asking = np.inf if costs.ask_person is None else costs.ask_person
        # Nobody need take a decision that may cost more than the best of the worst.
        self.low = float(min(costs.matrix.min(), asking))
        self.high = float(min(costs.matrix.max(axis=0).min(), asking))
        if not len(known) or not self.low < self.high:
            raise ValueError("costs of the reference: none, or all are the same")
        self.promised = float(known.mean())
        # Half of the error for the reference, half for the stream.
        self.upper = _rounded(known, self, np.ceil, (1 - CONFIDENCE) / 2).bounds()[1]


class ExtraCost:
    """Of the documents since a change, which is one of `starts` moments, whichever looks worst: all of them are right.

    The bounds hold at any moment after it (`ConfidenceSequence`), as long as the mean stays.
    """

    def __init__(self, prices: Prices, starts: int) -> None:
        self._prices, self._error = prices, (1 - CONFIDENCE) / 2 / starts
        self._sequence = ConfidenceSequence(prices.low, prices.high, 1 - 2 * self._error)
        self._sum, self._count = 0.0, 0
        self._next, self._last = 0, Extra(0.0, prices.low - prices.upper)

    def add(self, cost: Floats) -> None:
        """Of the next documents (n,)."""
        known = cost[np.isfinite(cost)]
        self._sum, self._count = self._sum + float(known.sum()), self._count + len(known)
        _rounded(known, self._prices, np.floor, self._error, self._sequence)

    def look(self) -> Extra:
        """What is known; reckoned anew when a twentieth more documents have come."""
        if self._count >= self._next and self._count:
            lower = self._sequence.bounds()[0] - self._prices.upper
            self._last = Extra(self._sum / self._count - self._prices.promised, lower)
            self._next = self._count + 1 + self._count // 20
        return self._last


def _rounded(
    cost: Floats, prices: Prices, rounding: np.ufunc, error: float, into: ConfidenceSequence | None = None
) -> ConfidenceSequence:
    """Costs to the nearest of few levels in the direction that is safe: a sequence remembers one number a level."""
    sequence = into or ConfidenceSequence(prices.low, prices.high, 1 - 2 * error)
    step = (prices.high - prices.low) / _STEPS
    levels, counts = np.unique(np.clip(rounding((cost - prices.low) / step), 0, _STEPS), return_counts=True)
    for level, count in zip(levels, counts, strict=True):
        sequence.add(min(prices.low + float(level) * step, prices.high), int(count))
    return sequence
