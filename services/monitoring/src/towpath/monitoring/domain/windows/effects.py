"""How large a difference is, in words. Of a million documents every difference is significant: the size comes first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["COHEN", "Bounds", "Effect", "Measure", "Word"]

Measure = Literal["KS distance", "Cramér's V", "separation", "standardised difference"]
Word = Literal["much", "little", "none", "unclear"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """From `little` on a difference is one, from `much` on it is large."""

    little: float
    much: float


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _of(d: float) -> dict[Measure, float]:
    """What a shift of a normal distribution by `d` standard deviations is in each measure."""
    return {
        "standardised difference": d,
        "KS distance": 2 * _normal(d / 2) - 1,
        "separation": 2 * _normal(d / math.sqrt(2)) - 1,
        "Cramér's V": d / math.sqrt(d * d + 4),
    }


COHEN: dict[Measure, Bounds] = {
    name: Bounds(low, high) for (name, low), high in zip(_of(0.2).items(), _of(0.5).values(), strict=True)
}
"""Cohen's conventions (1988), 0.2 standard deviations for a small and 0.5 for a medium effect, in each measure."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`value` in the measure, with the bounds `low` and `high` of its 95 % interval; 0 is no difference, 1 the most
    (but for a standardised difference, which has a sign and no bound)."""

    measure: Measure
    value: float
    low: float
    high: float

    @property
    def word(self) -> Word:
        """By the value; "unclear" where the interval holds both no difference worth the name and a large one."""
        bounds = COHEN[self.measure]
        nearest = 0.0 if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))
        farthest = max(abs(self.low), abs(self.high))
        if nearest < bounds.little and farthest >= bounds.much:
            return "unclear"
        size = abs(self.value)
        return "much" if size >= bounds.much else "little" if size >= bounds.little else "none"
