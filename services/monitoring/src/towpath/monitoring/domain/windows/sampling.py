"""Samples and orders that follow from what documents are, and not from when they came or which side they are on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["arranged", "sampled"]

_AT_ONCE = 65_536
_SEED = 20_120_313


def arranged(sketches: NDArray[np.int8]) -> NDArray[np.intp]:
    """An order of rows (n, d) that is the same however they were ordered, but for equal rows."""
    return np.argsort(_digests(sketches), kind="stable")


def sampled(sketches: NDArray[np.int8], most: int, seed: int) -> NDArray[np.intp]:
    """At most `most` rows at random; the same ones (or equal ones) however they were ordered.

    The seed depends on what the rows are: two windows' samples are drawn apart.
    """
    if len(sketches) <= most:
        return np.arange(len(sketches))
    digests = _digests(sketches)
    rng = np.random.default_rng([seed, int(digests.sum(dtype=np.uint64))])
    return np.sort(np.argsort(digests, kind="stable")[rng.choice(len(sketches), most, replace=False)])


def _digests(sketches: NDArray[np.int8]) -> NDArray[np.uint64]:
    """A number for each row, by multiply-shift hashing: of different rows equal with a chance of about 2^-64."""
    rng = np.random.default_rng(_SEED)
    factors = rng.integers(0, 2**64, size=sketches.shape[1], dtype=np.uint64) | np.uint64(1)
    digests = np.empty(len(sketches), dtype=np.uint64)
    for start in range(0, len(sketches), _AT_ONCE):
        rows = sketches[start : start + _AT_ONCE].view(np.uint8).astype(np.uint64)
        digests[start : start + _AT_ONCE] = rows @ factors
    # Rows that differ in little must not be neighbours.
    return (digests ^ (digests >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
