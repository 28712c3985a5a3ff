"""Evidence, one feedback at a time, that something is cheaper: may be looked at after each, and forgets.

A gambler bets that the next difference of cost is below zero, which gains him nothing on average while it is not: his
capital is an e-process, and reaches 1/α with probability at most α (Ville 1939; betting on bounded values: Waudby-Smith
& Ramdas, JRSS B 86(1), 2024). The means may change from document to document, as they do where a head learns.

"Was it ever cheaper?" is the wrong question where things drift: a gambler who lost for months needs months to win that
back. So a new one starts each epoch, on what comes from then on. The k-th has 1/(k(k+1)) of one capital, which sums to
1: the weighted sum of them all is an e-process, too, however many there will ever be.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Evidence"]

# Shares of the most that may be bet without ruin: large ones decide early, small ones find small differences.
_BETS = 0.96 * 2.0 ** -np.arange(8)
# Leaving out a gambler only makes the sum smaller: that errs on the safe side, and bounds memory and work.
_KEPT = 32


class Evidence:
    """That values are below zero on average, given those before. Values are within ±`most`."""

    def __init__(self, most: float, epoch: int, *, first: int = 1) -> None:
        """`epoch`: values until the next gambler starts; `first`: his number, where earlier ones played already."""
        self._most, self._epoch, self.next = most, epoch, first
        self._capital: NDArray[np.float64] = np.empty((0, len(_BETS)))
        self.count = 0

    def add(self, value: float) -> None:
        """Raises ValueError for a value beyond ±`most`, for which nothing would hold."""
        if not abs(value) <= self._most * (1 + 1e-9):
            raise ValueError(f"{value:g} is not within ±{self._most:g}")
        if self.count % self._epoch == 0:
            own = np.log(1 / (self.next * (self.next + 1)) / len(_BETS))
            self._capital = np.vstack([self._capital, np.full((1, len(_BETS)), own)])
            self.next += 1
            if len(self._capital) > _KEPT:
                self._capital = np.delete(self._capital, self._capital[:-1].max(axis=1).argmin(), axis=0)
        self._capital += np.log1p(-_BETS * (value / self._most))
        self.count += 1

    def against(self, confidence: float) -> bool:
        """Whether it is enough to say so with `confidence`; errs with at most 1 - confidence, over all time."""
        return self.doubt <= 1 - confidence

    @property
    def doubt(self) -> float:
        """1 / capital, at most 1: an anytime-valid p-value. It falls as evidence grows."""
        if not len(self._capital):
            return 1.0
        most = self._capital.max()
        return float(min(1.0, np.exp(-most - np.log(np.exp(self._capital - most).sum()))))
