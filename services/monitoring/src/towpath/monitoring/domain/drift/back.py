"""Whether a stream that had changed is as the reference again.

The alarm turned round: documents since the change are one distribution, the reference's the other, and a stake is
multiplied by how much likelier a score is by the latter. It is paid as the detector is, and reaches 1 about as seldom
while nothing has gone back. That is near, and not proved: both distributions are estimates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Return"]

Floats = NDArray[np.float64]
_PARTS = 8
_WEIGHT = 20.0


class Return:
    """`reference` (m,) and `changed` (n,): values of the score that alarmed."""

    def __init__(self, reference: Floats, changed: Floats) -> None:
        # A value that many documents have is a part of its own.
        cuts = np.quantile(reference, np.arange(1, _PARTS) / _PARTS)
        self._cuts = np.unique(np.concatenate([cuts, np.nextafter(cuts, np.inf)]))
        before, after = self._shares(reference), self._shares(changed)
        before = (before * len(reference) + 0.5) / (len(reference) + 0.5 * len(before))
        # Few documents are not trusted alone: what they have not shown is as likely as it was.
        after = (after * len(changed) + _WEIGHT * before) / (len(changed) + _WEIGHT)
        self._bets, self._capital = before / after, 0.0

    def step(self, values: Floats, income: Floats) -> int | None:
        """Of the next n documents, n at least 1 and at most a `CHUNK`: at which it is over, if it is."""
        bets = self._bets[self._parts(values)]
        grown = bets.cumprod()
        capital = grown * (self._capital + (income * bets / grown).cumsum())
        self._capital = float(capital[-1])
        over = np.flatnonzero(capital >= 1)
        return int(over[0]) if len(over) else None

    def _shares(self, values: Floats) -> Floats:
        counts = np.bincount(self._parts(values), minlength=len(self._cuts) + 1)
        shares: Floats = counts / max(1, len(values))
        return shares

    def _parts(self, values: Floats) -> NDArray[np.intp]:
        return np.searchsorted(self._cuts, values, side="right")
