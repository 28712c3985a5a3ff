"""Bounds on a mean that may be looked at after every document: they all hold at once, with the confidence asked for.

A gambler bets that the mean is not m, a fair game if it is: his capital seldom grows (Ville 1939), so each m against
which it has grown to 1 / error is out (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by
betting", JRSS B 86(1), 2024). Here he splits his capital among constant bets before the first document, a discrete
universal portfolio (Orabona & Jun, IEEE Trans. Inf. Theory 70(1), 2024). Chosen over the predictable plug-in
empirical-Bernstein sequence (the former's Theorem 2), which wants about twice as many documents at the costs of the
running example, and over the hedged capital process (Theorem 3), which wants as many as this: with constant bets the
capital follows from *how often* each value was seen, not from the order. So a restart that reads Kafka's partitions in
another order comes to the same bounds, and what is remembered is one number a value.

The bounds are not intersected over time: they would depend on when somebody looked.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConfidenceSequence", "log_capital"]

Floats = NDArray[np.float64]
# Shares of the most that may be bet without ruin: large ones decide early, small ones narrow the bounds in the end.
_BETS = 0.96 * 2.0 ** -np.arange(8)
_CAPITAL = np.log(1 / np.arange(1, 9) / np.sum(1 / np.arange(1, 9)))
_HALVINGS, _AT_ONCE = 40, 4


class ConfidenceSequence:
    """Of the mean of values in [`low`, `high`], in their unit.

    With probability `confidence` the mean is between the bounds after every single value, as long as each value's mean,
    given those before it, is the same; each bound alone errs with at most (1 - confidence) / 2. One-sided, the means
    may even change: if none is below m, the upper bound is ever below m with at most that probability.
    """

    def __init__(self, low: float, high: float, confidence: float) -> None:
        if not low < high:
            raise ValueError(f"values must have a range, and {low:g} to {high:g} is none")
        self.low, self.high = low, high
        self._threshold = math.log(2 / (1 - confidence))
        self._seen: Counter[float] = Counter()

    def add(self, value: float, count: int = 1) -> None:
        """It was seen so often. Raises ValueError for one outside the range: the bounds would not hold."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{value:g} is not between {self.low:g} and {self.high:g}")
        self._seen[value] += count

    @property
    def count(self) -> int:
        return self._seen.total()

    @property
    def mean(self) -> float:
        """0 before the first value."""
        return math.fsum(value * count for value, count in self._seen.items()) / max(1, self.count)

    def bounds(self) -> tuple[float, float]:
        """(lower, upper); before the first value, the range."""
        span, values = self.high - self.low, sorted(self._seen)
        scaled = (np.array(values, dtype=np.float64) - self.low) / span
        counts = np.array([self._seen[value] for value in values], dtype=np.float64)
        # min: (value - low) / span may round to a little more than 1.
        scaled = np.minimum(scaled, 1.0)
        lower, upper = _lower(scaled, counts, self._threshold), 1 - _lower(1 - scaled, counts, self._threshold)
        return self.low + span * lower, self.low + span * upper


def log_capital(values: Floats, counts: Floats, means: Floats) -> Floats:
    """Logarithm of what bets that the mean is above each of p `means` made of 1, for each of m streams: (p, m).

    Args:
        values: (n,), each 0 to 1.
        counts: (n, m), how often each was seen in each stream.
        means: (p,), above 0, at most 1.
    """
    gains = np.log1p(_BETS[:, None, None] * (values / means[:, None] - 1))
    grown = gains @ counts + _CAPITAL[:, None, None]
    most = grown.max(axis=0)
    made: Floats = most + np.log(np.exp(grown - most).sum(axis=0))
    return made


def _lower(values: Floats, counts: Floats, threshold: float) -> float:
    """The largest mean against which the capital has reached the threshold; 0 to 1, as the values are."""
    out, in_ = 0.0, float(values @ counts / max(1.0, counts.sum()))
    # Capital falls with the mean that is bet against, and is at most 1 at the values' own.
    for _ in range(_HALVINGS // _AT_ONCE):
        means = _halved(out, in_)
        if means[0] <= 0:
            return 0.0
        reached = int(np.count_nonzero(log_capital(values, counts[:, None], np.array(means))[:, 0] >= threshold))
        out, in_ = [out, *means][reached], [*means, in_][reached]
    return out


def _halved(low: float, high: float) -> list[float]:
    """All middles that `_AT_ONCE` halvings may come to, in order: to try them all at once costs less than in turn."""
    ends = [low, high]
    for _ in range(_AT_ONCE):
        middles = [(left + right) / 2 for left, right in pairwise(ends)]
        ends = [each for pair in zip(ends, [*middles, high], strict=True) for each in pair][: 2 * len(ends) - 1]
    return ends[1:-1]
