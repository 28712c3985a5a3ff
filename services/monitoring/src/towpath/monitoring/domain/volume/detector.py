"""Bets that documents have become fewer (or more), paid by the clock: the recursion of `drift.detector`.

    capital := (capital + w) × bet(p);  at 1 or more: alarm, and capital := 0

Bets fall with p, so that a p-value that is too large, never too small, wins too little, never too much: then the
expected number of alarms is at most the income.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["MOST", "Run", "Suspicion", "bets"]

_STEEP = (0.1, 0.2, 0.35, 0.6)
MOST = 1e-3
"""What a stretch is paid at most: a thousand must pass, on average, before a false alarm."""
_REMEMBERED = 4032


def bets(p: float) -> list[float]:
    """What each of the bets pays: the densities s p^(s - 1), each of which has mean 1."""
    return [steep * p ** (steep - 1) for steep in _STEEP]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A stretch: the slot that it begins with, what came, the median of what is usual, and what the bets paid."""

    start: int
    documents: int
    usual: float
    paid: Sequence[float]


@dataclass(frozen=True, slots=True)
class Run:
    """Since the stretch that begins with the slot `start`. `log_evidence`: what the best bet made of 1 since."""

    start: int
    documents: int
    usual: float
    log_evidence: float


class Suspicion:
    """Of one scale and direction. `stake`: false alarms that it may make in a stretch."""

    def __init__(self, stake: float) -> None:
        self._stake = min(MOST, stake) / len(_STEEP)
        self._capital = [0.0] * len(_STEEP)
        self._seen: deque[_Judged] = deque(maxlen=_REMEMBERED)

    @property
    def capital(self) -> float:
        """0 to 1, where it alarms."""
        return sum(self._capital)

    def step(self, start: int, documents: int, usual: float, p: float) -> Run | None:
        """The next stretch; since when it is so, if it alarms. Then everything begins anew."""
        paid = bets(p)
        self._capital = [(capital + self._stake) * bet for capital, bet in zip(self._capital, paid, strict=True)]
        self._seen.append(_Judged(start, documents, usual, paid))
        if self.capital < 1:
            return None
        run = self._run(self._capital.index(max(self._capital)))
        self.clear()
        return run

    def clear(self) -> None:
        """Nothing is suspected."""
        self._capital = [0.0] * len(_STEEP)
        self._seen.clear()

    def _run(self, bet: int) -> Run:
        """From where on that bet won most, as CUSUM has it (Page 1954)."""
        seen = list(self._seen)
        won = list(accumulate(math.log(each.paid[bet]) for each in reversed(seen)))
        since = seen[len(seen) - 1 - won.index(max(won)) :]
        return Run(since[0].start, sum(each.documents for each in since), sum(each.usual for each in since), max(won))
