"""What a stretch of time is held against: the same hours of the week, in the weeks before."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.chance import chances
from towpath.monitoring.domain.volume.counts import PER_DAY, PER_WEEK, WEEKS, Counts

__all__ = ["DIRECTIONS", "SCALES", "Direction", "Scale", "Usual", "pvalue", "tie_of"]

Ints = NDArray[np.int64]
Direction = Literal["silence", "flood"]
DIRECTIONS: tuple[Direction, ...] = ("silence", "flood")
_TIMES = 2
_FEW = 10
_LUCK = 0.3


@dataclass(frozen=True, slots=True)
class Scale:
    """Documents are counted in stretches of `slots` slots; those of the same `kind` slots of a week are alike."""

    slots: int
    kind: int

    def stretches(self, start: int) -> Ints:
        """Slots at which the stretches begin that are of one kind with the one that begins at `start`."""
        return np.arange(start - start % self.kind, start - start % self.kind + self.kind, self.slots)


SCALES = (Scale(1, 12), Scale(12, 72), Scale(72, 288))
"""Five minutes by the hour, hours by the quarter of a day, quarters by the day: of a stream of 30 documents a day the
first says nothing, and of one of 30 a second the last comes late."""


class Usual:
    """Of one scale: documents in the stretches of a kind, those of the weeks before and of this one so far."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale
        self._sorted: list[int] = []
        self._goes_on: tuple[int, int] | None = None

    def before(self, counts: Counts, start: int, since: int) -> Sequence[int]:
        """In order of size: of each stretch of that kind before `start` that did not begin before the slot `since`.

        Before the day of the week has been seen, those of the days before it: working days and weekends (UTC) apart.
        """
        if self._goes_on != (start, since):
            self._sorted = sorted(counts.sums(self._starts(start, since), self._scale.slots).tolist())
        return self._sorted

    def add(self, start: int, since: int, documents: int) -> None:
        """What has come in the stretch that `before` was asked for."""
        insort(self._sorted, documents)
        after = start + self._scale.slots
        self._goes_on = (after, since) if after % self._scale.kind else None

    def _starts(self, start: int, since: int) -> Ints:
        here = self._scale.stretches(start)
        weeks = here - PER_WEEK * np.arange(WEEKS, 0, -1)[:, None]
        known = weeks[weeks >= since]
        if not len(known):
            days = [day for day in range(6, 0, -1) if _weekend(start - day * PER_DAY) == _weekend(start)]
            earlier = here - PER_DAY * np.array(days, dtype=np.int64)[:, None]
            known = earlier[earlier >= since]
        return np.concatenate([known, here[(here < start) & (here >= since)]])


def pvalue(direction: Direction, documents: int, before: Sequence[int], tie: float) -> float:
    """How seldom so few (or so many) have come, if half (or twice) of what is usual is as usual.

    Conformal: where stretches of a kind are exchangeable, `documents` is among `before` (in order of size) of any rank
    with the same probability. The rank is that of twice the number (of half of it, less a few): so the p-value is never
    too small, and what has merely grown or shrunk a little is no evidence. `tie`: 0 to 1, uniform.
    """
    low = direction == "silence"
    limit = _TIMES * documents if low else max(0.0, documents / _TIMES - _FEW)
    left, right = bisect_left(before, limit), bisect_right(before, limit)
    # A tie that is broken luckily is no evidence either.
    ties = max(tie, _LUCK) * (right - left + 1)
    return ((left if low else len(before) - right) + ties) / (len(before) + 1)


def tie_of(start: int, slots: int) -> float:
    """0 to 1: chance, and the same whenever the stretch is judged."""
    (tie,) = chances(f"{start}/{slots}")
    return tie


def _weekend(slot: int) -> bool:
    return (slot // PER_DAY + 3) % 7 >= 5  # the epoch began on a Thursday
