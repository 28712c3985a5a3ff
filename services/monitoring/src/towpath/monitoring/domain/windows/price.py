"""What a difference costs: mean expected cost of one window against another's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from towpath.monitoring.domain.windows.counts import Tested
from towpath.monitoring.domain.windows.effects import Effect
from towpath.monitoring.domain.windows.permutations import Counts, at_least, permuted
from towpath.monitoring.domain.windows.rows import Floats

__all__ = ["TOLERATED", "Price", "PriceVerdict", "price"]

PriceVerdict = Literal["dearer", "cheaper", "benign", "unclear"]
TOLERATED = 0.05
"""Share of the cost before that a difference may cost and still be called benign."""

_STEPS = 1000
_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Price:
    """Expected costs per 1,000 documents, in the unit; `extra` is `now` less `before`, `low` to `high` its interval."""

    now: float
    before: float
    extra: float
    low: float
    high: float
    tested: Tested

    @property
    def verdict(self) -> PriceVerdict:
        """ "benign" where it costs nothing that matters for sure, "unclear" where that cannot be told."""
        if self.low > 0:
            return "dearer"
        if self.high < 0:
            return "cheaper"
        return "benign" if self.high <= TOLERATED * abs(self.before) else "unclear"


def price(now: Floats, before: Floats, *, permutations: int, seed: int) -> Price:
    """Of costs a document (n,) and (m,), none of them NaN.

    Student's statistic with each side's own variance, by permutation: exact where documents could be exchanged, and
    right in the limit where only the means are equal (Janssen, Stat. Probab. Lett. 36, 1997; Chung & Romano, Ann.
    Stat. 41, 2013). The interval is its inversion. Costs are rounded to a thousandth of their range for it.
    """
    low, high = float(min(now.min(), before.min())), float(max(now.max(), before.max()))
    # Of equal costs there is nothing to round, and no range to divide by.
    step = (high - low) / _STEPS or 1.0
    counts = [np.bincount(np.rint((side - low) / step).astype(np.intp), minlength=_STEPS + 1) for side in (now, before)]
    used = (counts[0] + counts[1]) > 0
    values = np.flatnonzero(used).astype(np.float64)

    def statistic(first: Counts, second: Counts) -> Floats:
        return np.abs(_student(first, second, values))

    first, second = (side[used].astype(np.int64) for side in counts)
    seen, drawn = permuted(first, second, statistic, permutations, seed)
    difference, error = float(now.mean() - before.mean()), _error(now, before)
    width = float(np.quantile(drawn, 1 - _ERROR, method="higher"))
    # Infinite where hardly a cost differs: then nothing narrower than their range can be said.
    margin = width * error if np.isfinite(width) else high - low
    tested = Tested(
        seen, _standardised(now, before, margin), at_least(seen, drawn), permutations, (len(now), len(before))
    )
    return Price(
        now=1000 * float(now.mean()),
        before=1000 * float(before.mean()),
        extra=1000 * difference,
        low=1000 * (difference - margin),
        high=1000 * (difference + margin),
        tested=tested,
    )


def _student(first: Counts, second: Counts, values: Floats) -> Floats:
    """Of counts (B, G) of `values` (G,): (B,). Infinite where the means differ and nothing else does."""
    (mean, variance), (other, others) = (_moments(side, values) for side in (first, second))
    difference, error = mean - other, np.sqrt(variance + others)
    sure = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.asarray(np.divide(difference, error, out=sure, where=error > 0), dtype=np.float64)


def _moments(side: Counts, values: Floats) -> tuple[Floats, Floats]:
    """(mean, its variance) of each row."""
    n = int(side[0].sum())
    mean = side @ values / n
    return mean, np.maximum(0.0, side @ values**2 - n * mean**2) / (n * (n - 1))


def _error(now: Floats, before: Floats) -> float:
    return math.sqrt(now.var(ddof=1) / len(now) + before.var(ddof=1) / len(before))


def _standardised(now: Floats, before: Floats, margin: float) -> Effect:
    spread = math.sqrt((now.var(ddof=1) + before.var(ddof=1)) / 2) or 1.0
    value = float(now.mean() - before.mean()) / spread
    return Effect("standardised difference", value, value - margin / spread, value + margin / spread)
