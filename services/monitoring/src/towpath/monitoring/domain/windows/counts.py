"""Tests on what is counted: Kolmogorov and Smirnov's on numbers, chi-squared on names."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from towpath.monitoring.domain.windows.effects import Effect
from towpath.monitoring.domain.windows.permutations import Counts, at_least, grouped, permuted
from towpath.monitoring.domain.windows.rows import Floats

__all__ = ["GROUPS", "Tested", "chi_squared", "ks"]

GROUPS = 200
_ERROR = 0.05
_RESAMPLES = 999


@dataclass(frozen=True, slots=True)
class Tested:
    """`statistic` as its test has it; `p` is exact; `documents` (now, before) are those that it looked at."""

    statistic: float
    effect: Effect
    p: float
    permutations: int
    documents: tuple[int, int]


def ks(now: Floats, before: Floats, *, permutations: int, seed: int) -> Tested:
    """The largest distance of two distribution functions, of values (n,) and (m,), none of them NaN.

    Of more than GROUPS different values neighbours are taken together. The interval is Massart's for either function
    ("The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Ann. Probab. 18, 1990), with half the error
    each: it holds for any number of documents and any distribution.
    """
    first, second = grouped(now, before, GROUPS)
    seen, drawn = permuted(first, second, _distance, permutations, seed)
    margin = sum(math.sqrt(math.log(4 / _ERROR) / (2 * len(side))) for side in (now, before))
    effect = Effect("KS distance", seen, max(0.0, seen - margin), min(1.0, seen + margin))
    return Tested(seen, effect, at_least(seen, drawn), permutations, (len(now), len(before)))


def chi_squared(now: Counts, before: Counts, *, permutations: int, seed: int) -> Tested:
    """Whether names have other shares, of counts (C,) on either side.

    The effect is Cramér's V with both sides of equal weight, so that it does not depend on how long a window is, less
    what chance alone gives (after Bergsma, J. Korean Stat. Soc. 42, 2013). Its interval is of multinomial resamples.
    """
    used = (now + before) > 0
    now, before = now[used], before[used]
    seen, drawn = permuted(now, before, _chi_squared, permutations, seed)
    n, m = int(now.sum()), int(before.sum())
    chance = (len(now) - 1) * (1 / n + 1 / m) / 4
    square = float(_balanced(now[None], before[None])[0]) - chance
    rng = np.random.default_rng(seed + 1)
    again = [rng.multinomial(side.sum(), side / side.sum(), size=_RESAMPLES) for side in (now, before)]
    # A resample has the chance of the first sample in it, and its own.
    squares = _balanced(again[0], again[1]) - 2 * chance
    low, high = np.quantile(squares, [_ERROR / 2, 1 - _ERROR / 2])
    effect = Effect("Cramér's V", _root(square), _root(min(low, square)), _root(max(high, square)))
    return Tested(seen, effect, at_least(seen, drawn), permutations, (n, m))


def _distance(first: Counts, second: Counts) -> Floats:
    below = [np.cumsum(side, axis=1) / max(1, int(side[0].sum())) for side in (first, second)]
    return np.asarray(np.abs(below[0] - below[1]).max(axis=1), dtype=np.float64)


def _chi_squared(first: Counts, second: Counts) -> Floats:
    total = first + second
    n, m = first.sum(axis=1, keepdims=True), second.sum(axis=1, keepdims=True)
    # With two sides it is this, and equal for both.
    return np.asarray(((m * first - n * second) ** 2.0 / (total * n * m)).sum(axis=1), dtype=np.float64)


def _balanced(first: Counts, second: Counts) -> Floats:
    """V squared: half the sum of (p - q)² / (p + q)."""
    p, q = (side / side.sum(axis=1, keepdims=True) for side in (first, second))
    return np.asarray(0.5 * ((p - q) ** 2 / np.maximum(p + q, 1e-300)).sum(axis=1), dtype=np.float64)


def _root(square: float) -> float:
    return math.sqrt(min(1.0, max(0.0, float(square))))
