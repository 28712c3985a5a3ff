"""The last predictions of all releases, as arrays: what probabilities promised, and the truth where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recent", "Rows"]

_UNKNOWN = -1
# Put into the arrays so many at once: one at a time costs ten times as much.
_AT_ONCE = 256


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
        self._added: list[tuple[int, Sequence[float], int, bool]] = []

    def add(self, release: int, probabilities: Sequence[float], label: int, ask: bool) -> int:
        """Its number, by which its truth finds it."""
        self._added.append((release, probabilities, label, ask))
        self.count += 1
        if len(self._added) >= min(_AT_ONCE, self._size):
            self._put()
        return self.count - 1

    def truth(self, number: int, truth: int) -> None:
        """Later truths take the place of earlier ones; of a prediction that is forgotten it changes nothing."""
        if self.count - self._size <= number < self.count:
            if number >= self.count - len(self._added):
                self._put()
            self._truths[number % self._size] = truth

    def of(self, release: int) -> Rows:
        """A copy of what is remembered of a release, but for predictions whose probabilities (nan) were not told."""
        self._put()
        kept = slice(min(self.count, self._size))
        rows = np.flatnonzero((self._release[kept] == release) & ~np.isnan(self._probabilities[kept, 0]))
        return Rows(
            self._probabilities[rows].astype(np.float64),
            self._labels[rows].astype(np.intp),
            self._ask[rows],
            self._truths[rows].astype(np.intp),
        )

    def _put(self) -> None:
        if not self._added:
            return
        places = np.arange(self.count - len(self._added), self.count) % self._size
        releases, probabilities, labels, asked = zip(*self._added, strict=True)
        self._release[places], self._labels[places], self._ask[places] = releases, labels, asked
        self._probabilities[places], self._truths[places] = probabilities, _UNKNOWN
        self._added.clear()
