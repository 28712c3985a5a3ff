"""The budget of false alarms as an income that a detector is paid by the clock."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LONGEST_GAP_S", "MOST", "Income"]

Floats = NDArray[np.float64]
_ADVANCE_S = 3600.0
LONGEST_GAP_S = 86_400.0
"""What a gap between two documents is paid at most: one whose clock is a year ahead is not to make anybody rich."""
MOST = 1e-3
"""What a document is paid at most, so that a thousand must come, on average, before a false alarm."""


# A purse pays each document this share of what is in it: one for what comes in the next dozens, one for thousands.
_SHARES = np.array([1 / 20, 1 / 2000])
# Few at once, for it is divided by small powers.
_AT_ONCE = 100
_LEFT = (1 - _SHARES) ** np.arange(1, _AT_ONCE + 1)[:, None]


class Income:
    """`rate`: false alarms a second that the detector may make.

    Time fills two purses, in equal parts, and each document is paid a share of what is in them: so a burst after a
    pause is paid to its end, and not its first document alone. The first hour is put in at the first document, so that
    what is wrong from the start is found before an hour is over. Over any time from the first document on, of an hour
    or longer, no more is paid than `rate` times that time. Documents' times are taken as given: what they say must not
    decide when they come.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._paid_until = float("nan")
        self._purses = np.zeros(2)

    def paid(self, at: Floats) -> Floats:
        """For the next documents (n,), n at least 1, made at those seconds since the epoch."""
        first = bool(np.isnan(self._paid_until))
        start = float(at[0]) + _ADVANCE_S if first else self._paid_until
        until = np.maximum.accumulate(np.concatenate([[start], at]))
        self._paid_until = float(until[-1])
        gaps = np.minimum(until[1:] - until[:-1], LONGEST_GAP_S)
        if first:
            gaps[0] += _ADVANCE_S
        if len(gaps) <= _AT_ONCE:
            return self._pay(gaps)
        return np.concatenate([self._pay(gaps[at : at + _AT_ONCE]) for at in range(0, len(gaps), _AT_ONCE)])

    def _pay(self, gaps: Floats) -> Floats:
        """A purse is purse × (1 - share) + what it is filled with."""
        left = _LEFT[: len(gaps)]
        filled = 0.5 * self.rate * gaps[:, None]
        purses = left * (self._purses + (filled / left).cumsum(axis=0))
        self._purses = purses[-1]
        income: Floats = np.minimum((purses * _SHARES).sum(axis=1), MOST)
        return income
