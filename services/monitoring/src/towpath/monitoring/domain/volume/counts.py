"""How many documents came in each five minutes of the last weeks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEPT", "PER_DAY", "PER_WEEK", "SLOT_S", "WEEKS", "Counts"]

Ints = NDArray[np.int64]
SLOT_S = 300
PER_DAY = 86_400 // SLOT_S
PER_WEEK = 7 * PER_DAY
WEEKS = 8
"""Weeks before a slot that it is held against."""
KEPT = (WEEKS + 4) * PER_WEEK
"""Slots remembered: what is judged again after a restart has its weeks before it, too."""


class Counts:
    """By slot: a slot's number is its beginning, in seconds since the epoch, over `SLOT_S`. 190 KB, for ever."""

    def __init__(self) -> None:
        self._counts: Ints = np.zeros(KEPT, dtype=np.int64)
        self._first: int | None = None
        self.latest = 0

    def add(self, slot: int, documents: int) -> None:
        """What is older than what is remembered is passed over."""
        if self._first is None:
            self._first = self.latest = slot
        if slot <= self.latest - KEPT:
            return
        self.advance(slot)
        self._first = min(self._first, slot)
        self._counts[slot % KEPT] += documents

    def advance(self, slot: int) -> None:
        """Nothing has come since, up to that slot."""
        new = np.arange(max(self.latest + 1, slot - KEPT + 1), slot + 1)
        self._counts[new % KEPT] = 0
        self.latest = max(self.latest, slot)

    @property
    def since(self) -> int | None:
        """The first slot that is known from its beginning to its end; None before the first document."""
        return None if self._first is None else max(self._first, self.latest - KEPT) + 1

    def sums(self, starts: Ints, slots: int) -> Ints:
        """Documents (n,) in the `slots` slots from each of `starts` (n,) on, all of which are remembered."""
        rows = (starts[:, None] + np.arange(slots)) % KEPT
        found: Ints = self._counts[rows].sum(axis=1)
        return found
