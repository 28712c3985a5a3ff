"""Exact permutation tests on counts: what a random exchange of documents between two windows would have shown.

A statistic of how often each value is on each side needs no permutation of documents: under exchange the counts of
one side are a draw of the multivariate hypergeometric distribution. A draw costs as many steps as there are different
values, whether ten documents have each of them or a million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.windows.rows import Floats

__all__ = ["Counts", "Statistic", "at_least", "grouped", "holm", "permuted", "quantile_groups"]

Counts = NDArray[np.int64]
Statistic = Callable[[Counts, Counts], Floats]
"""Of counts (B, G) on the two sides: (B,). Must be the same when the sides change places."""

_EQUAL = 1e-9


def permuted(now: Counts, before: Counts, statistic: Statistic, permutations: int, seed: int) -> tuple[float, Floats]:
    """(the statistic, what `permutations` exchanges of documents made of it (B,)). Counts are (G,)."""
    total = now + before
    fewer = min(now.sum(), before.sum())
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_hypergeometric(total, fewer, size=permutations, method="marginals")
    seen = statistic(now[None], before[None])
    return float(seen[0]), statistic(drawn, total - drawn)


def at_least(seen: float, drawn: Floats, equal: float = _EQUAL) -> float:
    """The p-value: (1 + how many are as large) / (1 + how many). Exact whatever their number, never 0.

    What is smaller by `equal` (of the statistic, or of 1) counts as large: sums in another order are rounded otherwise.

    Phipson & Smyth, "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9(1), 2010.
    """
    least = seen - equal * max(1.0, abs(seen)) if np.isfinite(seen) else seen
    return float((1 + np.count_nonzero(drawn >= least)) / (1 + len(drawn)))


def grouped(now: Floats, before: Floats, groups: int) -> tuple[Counts, Counts]:
    """How many on each side are in each of at most `groups` groups of neighbouring values, in their order.

    As many groups as different values where there are no more of these; else equal shares of both sides together, so
    that who is on which side has no part in it.
    """
    ends = quantile_groups(np.concatenate([now, before]), groups)
    counts = [np.bincount(np.searchsorted(ends, side), minlength=len(ends)) for side in (now, before)]
    return counts[0].astype(np.int64), counts[1].astype(np.int64)


def quantile_groups(values: Floats, groups: int) -> Floats:
    """The largest value of each group, ascending."""
    ordered = np.sort(values)
    different = ordered[np.append(ordered[1:] != ordered[:-1], True)]
    if len(different) <= groups:
        return np.asarray(different, dtype=np.float64)
    places = np.linspace(0, len(ordered) - 1, groups + 1)[1:].astype(np.intp)
    return np.asarray(np.unique(ordered[places]), dtype=np.float64)


def holm(p_values: Iterable[float]) -> list[float]:
    """Adjusted, in the order given: who calls those at most alpha different is wrong about any of them with a chance
    of at most alpha (Holm, Scand. J. Statist. 6, 1979)."""
    given = list(p_values)
    order = sorted(range(len(given)), key=lambda n: given[n])
    adjusted, largest = [0.0] * len(given), 0.0
    for rank, n in enumerate(order):
        largest = max(largest, min(1.0, (len(given) - rank) * given[n]))
        adjusted[n] = largest
    return adjusted
