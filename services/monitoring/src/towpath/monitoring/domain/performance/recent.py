"""The last predictions of all releases, as arrays: what probabilities promised, and the truth where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recent", "Rows"]

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Rows:
    """n predictions: `probabilities` (n, K), the others (n,); `truths` is -1 where it is not known."""

    probabilities: NDArray[np.float64]
    labels: NDArray[np.intp]
    ask: NDArray[np.bool_]
    truths: NDArray[np.intp]


class Recent:
    """Of `size` predictions; the oldest make room. 4 K + 15 bytes each."""

    def __init__(self, size: int, classes: int) -> None:
        self._size = size
        self._probabilities = np.zeros((size, classes), dtype=np.float32)
        self._labels = np.zeros(size, dtype=np.int16)
        self._ask = np.zeros(size, dtype=np.bool_)
        self._truths = np.full(size, _UNKNOWN, dtype=np.int16)
        self._release = np.full(size, _UNKNOWN, dtype=np.int64)
        self.count = 0

    def add(self, release: int, probabilities: Sequence[float], label: int, ask: bool) -> int:
        """Its number, by which its truth finds it."""
        place, number = self.count % self._size, self.count
        self._probabilities[place] = probabilities
        self._labels[place], self._ask[place] = label, ask
        self._truths[place], self._release[place] = _UNKNOWN, release
        self.count += 1
        return number

    def truth(self, number: int, truth: int) -> None:
        """Later truths take the place of earlier ones; of a prediction that is forgotten it changes nothing."""
        if self.count - self._size <= number < self.count:
            self._truths[number % self._size] = truth

    def of(self, release: int) -> Rows:
        """A copy of what is remembered of a release, but for predictions whose probabilities (nan) were not told."""
        kept = slice(min(self.count, self._size))
        rows = np.flatnonzero((self._release[kept] == release) & ~np.isnan(self._probabilities[kept, 0]))
        return Rows(
            self._probabilities[rows].astype(np.float64),
            self._labels[rows].astype(np.intp),
            self._ask[rows],
            self._truths[rows].astype(np.intp),
        )
