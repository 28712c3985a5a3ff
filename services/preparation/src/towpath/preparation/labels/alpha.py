"""Krippendorff's alpha of all documents and of a thousand resamples of them.

Alpha is 1 - observed / expected disagreement (Krippendorff, Content Analysis, 2019, chapter 12; Hayes & Krippendorff
2007). Both are functions of sums over documents, so that a resample is a product of weights and these sums; the
`krippendorff` package, against which the tests hold this, computes one alpha of one sample. Ordinal distances are
those of interval on mid-ranks. Intervals are percentiles over resampled documents (Zapf et al. 2016), not over
resampled pairs, which would take the ratings of one document for independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Scale", "Sums", "alpha", "alphas", "estimate", "sums_of"]

Scale = Literal["nominal", "ordinal", "interval"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 4_000_000  # numbers in memory at once


@dataclass(frozen=True)
class Estimate:
    """`value` with its bounds at a confidence, -1 to 1; nan where it is not defined. Only documents with two ratings
    or more count.
    """

    value: float
    low: float
    high: float
    documents: int
    ratings: int

    def to_dict(self) -> dict[str, float | int | None]:
        figures = {name: _or_none(getattr(self, name)) for name in ("value", "low", "high")}
        return {**figures, "documents": self.documents, "ratings": self.ratings}


@dataclass(frozen=True)
class Sums:
    """What alpha needs of each document, `rows` (documents, n): counts of each class, or for interval the number, sum
    and sum of squares of its grades. Documents with one rating are kept, but do not count.
    """

    rows: Floats
    scale: Scale

    @property
    def sizes(self) -> Floats:
        """Ratings of each document."""
        sizes: Floats = self.rows[:, 0] if self.scale == "interval" else self.rows.sum(axis=1)
        return sizes


def sums_of(document: Ints, value: Floats, scale: Scale, *, documents: int, classes: int) -> Sums:
    """Of ratings: `document` (n,) indices and `value` (n,) grades (best about 0), or indices of classes."""
    if scale == "interval":
        weights = (None, value, value**2)
        columns = [np.bincount(document, weights=each, minlength=documents) for each in weights]
        return Sums(np.column_stack(columns).astype(np.float64), scale)
    cells = np.bincount(document * classes + value.astype(np.int64), minlength=documents * classes)
    return Sums(cells.reshape(documents, classes).astype(np.float64), scale)


def alpha(sums: Sums) -> float:
    """nan when fewer than two values occur among documents with two ratings or more."""
    rows = sums.rows[sums.sizes > 1]
    return float(alphas(Sums(rows, sums.scale), np.ones((1, len(rows))))[0]) if len(rows) else float("nan")


def alphas(sums: Sums, weights: Floats) -> Floats:
    """Of each row of `weights` (samples, documents): how often a document is in the sample. All have two ratings."""
    compute = {"interval": _interval, "nominal": _nominal, "ordinal": _ordinal}[sums.scale]
    observed, expected, ratings = compute(sums.rows, sums.sizes, weights)
    # What is left of rounding is no variation.
    defined = expected > 1e-9 * ratings
    safe = np.where(defined, expected, 1.0)
    return np.where(defined, 1 - (ratings - 1) * observed / safe, np.nan)


def estimate(sums: Sums, *, confidence: float, samples: int, seed: int = 0) -> Estimate:
    """Alpha with percentile bounds. Resamples in which it is not defined are left out."""
    rows = sums.rows[sums.sizes > 1]
    ratings = int(Sums(rows, sums.scale).sizes.sum())
    value = alpha(sums)
    if np.isnan(value):
        return Estimate(value, value, value, len(rows), ratings)
    # Documents that were rated alike stand together: a resample counts them, however many there are.
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    drawn = _resampled(Sums(kinds, sums.scale), counts, samples, np.random.default_rng(seed))
    tail = 50 * (1 - confidence)
    low, high = np.nanpercentile(drawn, [tail, 100 - tail]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), len(rows), ratings)


def _resampled(kinds: Sums, counts: Ints, samples: int, random: np.random.Generator) -> Floats:
    total, step = int(counts.sum()), max(1, _CHUNK // len(counts))
    drawn = []
    for start in range(0, samples, step):
        size = min(step, samples - start)
        weights = random.multinomial(total, counts / total, size=size).astype(np.float64)
        drawn.append(alphas(kinds, weights))
    return np.concatenate(drawn)


def _interval(rows: Floats, sizes: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    total, squares = rows[:, 1], rows[:, 2]
    within = 2 * (sizes * squares - total**2) / (sizes - 1)
    observed, n, s1, s2 = (weights @ np.column_stack([within, sizes, total, squares])).T
    return observed, 2 * (n * s2 - s1**2), n


def _nominal(rows: Floats, sizes: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    within = (sizes**2 - (rows**2).sum(axis=1)) / (sizes - 1)
    counts = weights @ rows
    n = counts.sum(axis=1)
    return weights @ within, n**2 - (counts**2).sum(axis=1), n


def _ordinal(rows: Floats, sizes: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    counts = weights @ rows
    n = counts.sum(axis=1)
    ranks = np.cumsum(counts, axis=1) - counts / 2 - n[:, None] / 2
    squares = ((weights @ (rows * (sizes / (sizes - 1))[:, None])) * ranks**2).sum(axis=1)
    sums = ((rows @ ranks.T) ** 2 / (sizes - 1)[:, None] * weights.T).sum(axis=0)
    expected = 2 * (n * (counts * ranks**2).sum(axis=1) - (counts * ranks).sum(axis=1) ** 2)
    return 2 * (squares - sums), expected, n


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
