"""Whether two windows of sketches differ in anything, and which documents show it.

Maximum mean discrepancy with a Gaussian kernel: Gretton, Borgwardt, Rasch, Schölkopf & Smola, "A kernel two-sample
test", JMLR 13, 2012; the unbiased statistic, the kernel's width by the median heuristic. The kernel matrix is never
held: it is made and used in strips, so memory grows with the number of documents and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.windows.counts import Tested
from towpath.monitoring.domain.windows.permutations import at_least
from towpath.monitoring.domain.windows.rows import Bools, Floats
from towpath.monitoring.domain.windows.sampling import arranged
from towpath.monitoring.domain.windows.separation import separation

__all__ = ["Discrepancy", "mmd"]

Singles = NDArray[np.float32]
_STRIP = 256
_EQUAL = 1e-6  # in single precision
_MEDIAN_OF = 500


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`witness_now` (n,), `witness_before` (m,): how much more like the documents now than like those before each
    document is, itself not counted; -1 to 1. In the order in which the sketches were given."""

    tested: Tested
    witness_now: Floats
    witness_before: Floats


def mmd(now: NDArray[np.int8], before: NDArray[np.int8], *, permutations: int, seed: int) -> Discrepancy:
    """Of sketches (n, d) and (m, d), n and m at least 4. Some thousand: the time grows with the square of their number.

    The order of documents and which side is called which have no part in it.
    """
    pool = np.concatenate([now, before])
    order = arranged(pool)
    is_now = order < len(now)
    sketches, fewer = pool[order].astype(np.float32), min(len(now), len(before))
    chosen = _exchanges(is_now if len(now) == fewer else ~is_now, permutations, seed)
    folds = np.arange(len(pool)) % 2 == 0
    sides = np.stack([is_now & folds, is_now & ~folds, ~is_now & folds, ~is_now & ~folds]).astype(np.float32).T
    sums = _kernel_sums(sketches, np.concatenate([chosen, sides], axis=1))
    like, total = sums[:, : permutations + 1], sums[:, permutations + 1 :].sum(axis=1, dtype=np.float64)
    squares = _unbiased(chosen, like, total, fewer)
    by_side = sums[:, permutations + 1 :].astype(np.float64)
    effect = separation(by_side, is_now, folds)
    p = at_least(float(squares[0]), squares[1:], _EQUAL)
    tested = Tested(float(squares[0]), effect, p, permutations, (len(now), len(before)))
    witness = np.empty(len(pool))
    witness[order] = _witness(by_side, is_now)
    return Discrepancy(tested, witness[: len(now)], witness[len(now) :])


def _exchanges(seen: Bools, permutations: int, seed: int) -> Singles:
    """Who is on the smaller side (n + m, 1 + permutations): as seen, and as drawn."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros((len(seen), 1 + permutations), dtype=np.float32)
    chosen[:, 0] = seen
    for n in range(1, 1 + permutations):
        chosen[rng.permutation(len(seen))[: seen.sum()], n] = 1
    return chosen


def _kernel_sums(sketches: Singles, columns: Singles) -> Singles:
    """The kernel matrix times `columns`, less the kernel's middle, which leaves discrepancies as they are and figures
    small."""
    sums = np.empty_like(columns)
    for rows, strip in _strips(sketches):
        np.matmul(strip, columns, out=sums[rows])
    return sums


def _strips(sketches: Singles) -> Iterator[tuple[slice, Singles]]:
    lengths = np.einsum("ij,ij->i", sketches, sketches)
    width = _median_square(sketches, lengths)
    for start in range(0, len(sketches), _STRIP):
        rows = slice(start, start + _STRIP)
        squares = lengths[rows, None] + lengths[None] - 2 * (sketches[rows] @ sketches.T)
        strip = np.exp(np.maximum(squares, 0) / np.float32(-2 * width), dtype=np.float32)
        yield rows, strip - _MIDDLE


# A document's kernel with itself is 1, with one at the median distance exp(-1/2).
_MIDDLE = np.float32(np.exp(-0.5))


def _median_square(sketches: Singles, lengths: Singles) -> float:
    """Of distances between some, evenly spaced in an order that has nothing to do with sides; 1 where all are equal."""
    some = np.linspace(0, len(sketches) - 1, min(len(sketches), _MEDIAN_OF)).astype(np.intp)
    squares = lengths[some, None] + lengths[None, some] - 2 * (sketches[some] @ sketches[some].T)
    between = squares[np.triu_indices(len(some), 1)]
    return float(np.median(between[between > 0])) if (between > 0).any() else 1.0


def _unbiased(chosen: Singles, like: Singles, total: Floats, fewer: int) -> Floats:
    """The statistic of each column of `chosen`, of `fewer` documents, whose kernel sums are `like`."""
    within = np.einsum("ij,ij->j", chosen, like, dtype=np.float64)
    all_ = total @ chosen
    more, self_ = len(total) - fewer, 1 - float(_MIDDLE)
    across = all_ - within
    rest = total.sum() - 2 * all_ + within
    return np.asarray(
        (within - fewer * self_) / (fewer * (fewer - 1))
        + (rest - more * self_) / (more * (more - 1))
        - 2 * across / (fewer * more),
        dtype=np.float64,
    )


def _witness(by_side: Floats, is_now: Bools) -> Floats:
    self_, n = 1 - float(_MIDDLE), int(is_now.sum())
    now, before = by_side[:, :2].sum(axis=1), by_side[:, 2:].sum(axis=1)
    m = len(is_now) - n
    alike = (now - self_ * is_now) / (n - is_now) - (before - self_ * ~is_now) / (m - ~is_now)
    return np.asarray(alike, dtype=np.float64)
