"""Bets against p-values being uniform, and what they win.

A bet is a function of the p-value with mean 1: a stake is multiplied by it. Each is fixed, and capital is split among
them at the start, so that whichever fits finds out: simple mixtures of this kind lose a logarithm of their number, and
need not learn before they win (Fedorova et al., "Plug-in martingales for testing exchangeability on-line", ICML 2012,
has the other way; Vovk, "Testing randomness online", Statistical Science 36(4), 2021, both).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BETS", "CELLS", "LOG_BETS", "cells"]

Floats = NDArray[np.float64]
CELLS = 1024
_STEEP = (0.5, 0.8)
_SLOPES = (0.3, 0.85)
_WAVES = (0.6, -0.6)


def _bets() -> Floats:
    """(CELLS, m): what each bet pays in each cell of 0 to 1. Rows are cells; each column's mean is 1."""
    edges = np.linspace(0, 1, CELLS + 1)
    low, middle = edges[:-1], (edges[:-1] + edges[1:]) / 2
    # Of the reference's tail: many very small p-values, or many near 1 (the same turned round).
    tails = [np.diff(edges**steep) * CELLS for steep in _STEEP]
    slopes = [1 + slope * (2 * middle - 1) for slope in _SLOPES]
    # Both ends at once, or the middle: a spread that has changed.
    waves = [1 + wave * np.cos(2 * np.pi * middle) for wave in _WAVES]
    # A tenth at an end, for what is rare: a share of documents from elsewhere.
    corner = np.where(low < 0.1, 3.7, 0.7)
    made = np.column_stack([*tails, *slopes, corner])
    table = np.column_stack([made, made[::-1], *waves])
    # Never all of the stake, so that no capital is lost for good.
    table = 0.95 * table + 0.05
    return np.ascontiguousarray(table / table.mean(axis=0))


BETS: Floats = _bets()
LOG_BETS: Floats = np.log(BETS)


def cells(pvalues: Floats) -> NDArray[np.intp]:
    """The cell of each p-value."""
    return np.minimum((pvalues * CELLS).astype(np.intp), CELLS - 1)
