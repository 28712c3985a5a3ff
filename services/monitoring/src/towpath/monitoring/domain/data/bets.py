"""Bets on what a check finds: that more is found than a limit allows, or less.

A document is found (1) or not (0). Where each is found with a chance of at most m, given all before it, a bettor who
lays a share b of his stake is paid 1 + b (x / m - 1): at most his stake in expectation, whatever else is so
(Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86(1), 2024, one-sided).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "above", "below"]

Floats = NDArray[np.float64]
LEAST = 1e-3
"""Limits nearer to none than that are taken for that: the checks themselves are wrong as often."""
_SHARES = 2.0 ** -np.arange(6)
_MOST_LAID = 0.96
_MOST_PAID = 4.0


def above(limit: float) -> Floats:
    """(2, m): what each bet pays for a document that is not found, and for one that is.

    Nothing pays more than fourfold, so that an alarm takes more than a handful of documents.
    """
    bounded = min(max(limit, LEAST), 1 - LEAST)
    laid = _SHARES * min(_MOST_LAID, (_MOST_PAID - 1) * bounded / (1 - bounded))
    return np.stack([1 - laid, 1 + laid * (1 / bounded - 1)])


def below(limit: float) -> Floats:
    """The same, of bets that fewer are found than that."""
    return above(1 - limit)[::-1].copy()
