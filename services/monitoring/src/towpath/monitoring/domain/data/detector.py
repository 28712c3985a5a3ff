"""The recursion of `drift.detector`, with bets of any kind.

    capital := (capital + w) × bet;  at 1 or more: alarm, and capital := 0

While bets are fair, or worse, the expected number of alarms is at most the sum of the incomes w.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "Crossed", "Detector"]

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]
CHUNK = 64
"""Documents a call: products of as many bets neither overflow nor vanish."""


class Crossed(NamedTuple):
    """At which of the documents, and the bet that had won most."""

    document: int
    bet: int


class Detector:
    """`table` (cells, m): what each of m bets pays in each cell, more than 0."""

    def __init__(self, table: Floats) -> None:
        self.table = table
        self._capital = np.zeros(table.shape[1])

    @property
    def capital(self) -> float:
        """0 to 1, where it alarms."""
        return float(self._capital.sum())

    def step(self, cells: Cells, income: Floats) -> Crossed | None:
        """Bet on the next n documents, n from 1 to `CHUNK`, whose `cells` and `income` are (n,).

        Of those behind an alarm nothing is taken: they are to be given again.
        """
        bets = self.table[cells]
        grown = bets.cumprod(axis=0)
        capital = grown * (self._capital + (income[:, None] / len(self._capital) * bets / grown).cumsum(axis=0))
        crossed = np.flatnonzero(capital.sum(axis=1) >= 1)
        if not len(crossed):
            self._capital = capital[-1]
            return None
        self._capital = np.zeros(len(self._capital))
        first = int(crossed[0])
        return Crossed(first, int(capital[first].argmax()))

    def since(self, cells: Sequence[int], bet: int) -> int:
        """From which of `cells` on that bet won most, as CUSUM has it (Page 1954)."""
        won = np.log(self.table[np.asarray(cells, dtype=np.intp), bet])[::-1].cumsum()
        return len(won) - 1 - int(won.argmax())

    def log_evidence(self, cells: Sequence[int], bet: int) -> float:
        """What that bet made of 1, as a natural logarithm."""
        return float(np.log(self.table[np.asarray(cells, dtype=np.intp), bet]).sum())
