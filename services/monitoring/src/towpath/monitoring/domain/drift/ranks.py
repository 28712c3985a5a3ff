"""Conformal p-values, online: the rank of each document's score among all before it and itself.

Where documents are exchangeable, the p-values are independent and uniform, exactly, whatever the scores (Vovk,
Gammerman & Shafer, "Algorithmic Learning in a Random World", 2nd ed. 2022, Theorem 11.1), as long as the reference is
but the beginning of the bag that the stream goes on with. Against a fixed reference they are not: the reference's own
sampling error looks like drift, and a long stream finds it.

Scores are rounded to bins, of which only counts are kept: a rounded score is a score, and ties are broken at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "MOST", "Ranks"]

Floats = NDArray[np.float64]
BINS = 1024
MOST = 255
_BEFORE = np.tri(MOST, k=-1, dtype=np.bool_)


class Ranks:
    """Of k scores a document, each 0 to 1 and ranked for itself. Memory: `BINS` counts a score."""

    def __init__(self, scores: int) -> None:
        self._counts = np.zeros((scores, BINS), dtype=np.int64)
        self._which = np.arange(scores)
        self._sizes = np.zeros(scores, dtype=np.int64)

    def begin(self, scores: Floats) -> None:
        """Put those of the reference (n, k) into the bag; they get no p-values."""
        self._count(_bins(scores))

    def restart(self, score: int) -> None:
        """With an empty bag: what comes is ranked among what comes."""
        self._counts[score], self._sizes[score] = 0, 0

    def step(self, scores: Floats, ties: Floats) -> Floats:
        """p-values (n, k) of the next n documents, in their order: small where a score is high.

        `ties` (n,), or (n, k): for each document a number that is uniform on 0 to 1. A call costs n² comparisons.

        Raises:
            ValueError: of more than `MOST` documents.
        """
        bins, many = _bins(scores), len(scores)
        if many > MOST:
            raise ValueError(f"{many} documents at once, and {MOST} are the most")
        rows = np.ascontiguousarray(bins.T)
        before = _BEFORE[:many, :many]
        larger = _count_true((rows[:, None, :] > rows[:, :, None]) & before)
        equal = _count_true((rows[:, None, :] == rows[:, :, None]) & before) + 1
        below = self._counts.cumsum(axis=1)
        here = self._counts[self._which, bins]
        larger += below[:, -1] - below[self._which, bins]
        sizes = self._sizes + np.arange(1, many + 1)[:, None]
        self._count(bins)
        found: Floats = (larger + ties.reshape(many, -1) * (equal + here)) / sizes
        return found

    def _count(self, bins: NDArray[np.int16]) -> None:
        np.add.at(self._counts, (self._which, bins), 1)
        self._sizes += len(bins)


def _bins(scores: Floats) -> NDArray[np.int16]:
    found: NDArray[np.int16] = np.minimum(np.maximum(scores * BINS, 0), BINS - 1).astype(np.int16)
    return found


def _count_true(pairs: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(k, n, n), of which n is small enough for bytes, to (n, k)."""
    counted: NDArray[np.uint8] = np.add.reduce(pairs.view(np.uint8), axis=2, dtype=np.uint8)
    return counted.T.astype(np.int64)
