"""Texts as token ids with their truth, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batch", "Examples"]

# Each length is compiled once, for some seconds; in between, a text is padded.
_LENGTHS = (8, 16, 24, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512)
# Texts are sorted by length within so many batches only, so that an epoch's order stays one of chance.
_POOL = 40


@dataclass(frozen=True)
class Batch:
    """`ids`, `mask` (n, tokens); `truth` (n, K) sums to 1; `weight` (n,), 0 where one only fills up; `rows`: which."""

    ids: NDArray[np.int32]
    mask: NDArray[np.float32]
    truth: NDArray[np.float32]
    weight: NDArray[np.float32]
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class Examples:
    """n texts. `ids`: token ids of each. `truth` (n, K): shares of the classes. `weight` (n,): how much each counts."""

    ids: Sequence[Sequence[int]]
    truth: NDArray[np.float32]
    weight: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        ids: Sequence[Sequence[int]],
        truth: NDArray[np.intp],
        classes: int,
        weight: NDArray[np.float64] | None = None,
    ) -> Examples:
        """`truth` (n,): indices of classes."""
        counts = np.ones(len(truth)) if weight is None else weight
        return cls(ids, np.eye(classes, dtype=np.float32)[truth], counts.astype(np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    def epoch(self, size: int, max_tokens: int, random: np.random.Generator) -> Iterator[Batch]:
        """Every text once, in batches of like lengths, in an order of chance."""
        lengths = np.array([min(len(each), max_tokens) for each in self.ids])
        order = random.permutation(len(self))
        pools = [order[first : first + size * _POOL] for first in range(0, len(order), size * _POOL)]
        sorted_ = [pool[np.argsort(lengths[pool], kind="stable")] for pool in pools]
        batches = [pool[first : first + size] for pool in sorted_ for first in range(0, len(pool), size)]
        for place in random.permutation(len(batches)):
            yield self.batch(batches[place], size, max_tokens)

    def in_order(self, size: int, max_tokens: int) -> Iterator[Batch]:
        """Every text once, the shortest first."""
        order = np.argsort([len(each) for each in self.ids], kind="stable")
        for first in range(0, len(order), size):
            yield self.batch(order[first : first + size], size, max_tokens)

    def batch(self, rows: NDArray[np.intp], size: int, max_tokens: int) -> Batch:
        """`rows`, filled up to `size`. What is longer than `max_tokens` ends with its last token all the same."""
        cut = [
            each if len(each) <= max_tokens else [*each[: max_tokens - 1], each[-1]]
            for each in (self.ids[row] for row in rows)
        ]
        width = next((each for each in _LENGTHS if each >= max(map(len, cut))), max(map(len, cut)))
        ids, mask = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
        mask[:, 0] = 1  # a row that only fills up has a token, so that nothing is divided by zero
        for place, each in enumerate(cut):
            ids[place, : len(each)] = each
            mask[place, : len(each)] = 1
        truth = np.zeros((size, self.truth.shape[1]), np.float32)
        weight = np.zeros(size, np.float32)
        truth[: len(rows)], weight[: len(rows)] = self.truth[rows], self.weight[rows]
        return Batch(ids, mask, truth, weight, rows)
