"""How far two distributions are apart: between what is trained on and what is served, or a window and its reference.

The population stability index, sum (p - q) ln(p / q): by custom 0.1 is a little and 0.25 is much. It is never below
zero, so two samples of the same population show some, about (bins - 1) (1/n + 1/m) (Yurdakul & Naranjo 2020): that
much is taken off.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["moved", "psi", "psi_of"]

_FREQUENT = 500


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Of counts in the same bins; 0 where a side has none. Half a count is added to every bin: none is empty."""
    a, b = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    used = (a + b) > 0
    a, b = a[used], b[used]
    if a.sum() == 0 or b.sum() == 0:
        return 0.0
    n, m, p, q = a.sum(), b.sum(), (a + 0.5) / (a + 0.5).sum(), (b + 0.5) / (b + 0.5).sum()
    chance = (len(a) - 1) * (1 / n + 1 / m)
    return max(0.0, float(((q - p) * np.log(q / p)).sum() - chance))


def psi_of(expected: Mapping[str, int], actual: Mapping[str, int], bins: int) -> float:
    """Over the most frequent names of both, `bins` at most; the others are one bin."""
    names = sorted({*_top(expected, bins // 2), *_top(actual, bins // 2)})
    rows = [[side.get(name, 0) for name in names] for side in (expected, actual)]
    rest = [sum(side.values()) - sum(row) for side, row in zip((expected, actual), rows, strict=True)]
    return psi([*rows[0], rest[0]], [*rows[1], rest[1]])


def _top(counts: Mapping[str, int], count: int) -> list[str]:
    return heapq.nsmallest(count, counts, key=lambda name: (-counts[name], name))


def moved(expected: Mapping[str, int], actual: Mapping[str, int], count: int) -> list[tuple[str, float, float]]:
    """(name, its share then, its share now) of the names that add most to the index, most first."""
    n, m = max(1, sum(expected.values())), max(1, sum(actual.values()))

    def adds(name: str) -> float:
        p, q = (expected.get(name, 0) + 0.5) / n, (actual.get(name, 0) + 0.5) / m
        return float((q - p) * np.log(q / p))

    frequent = {*_top(expected, _FREQUENT), *_top(actual, _FREQUENT)}
    names = sorted(frequent, key=lambda name: (-adds(name), name))[:count]
    return [(name, expected.get(name, 0) / n, actual.get(name, 0) / m) for name in names]
