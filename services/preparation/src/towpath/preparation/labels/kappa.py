"""Cohen's kappa of every pair of raters, over the documents that both rated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pair", "kappa", "kappas"]

Floats = NDArray[np.float64]
_CHUNK = 2_000_000  # numbers in memory at once


@dataclass(frozen=True)
class Pair:
    """Rows of two raters, how many documents both rated, and their kappa, -1 to 1 (nan where neither varies)."""

    first: int
    second: int
    documents: int
    kappa: float


def kappa(first: Floats, second: Floats, *, classes: int | None) -> float:
    """Of two raters' answers (n,) on the same documents: see `kappas`."""
    pairs = kappas(np.vstack([first, second]), classes=classes, min_documents=1)
    return pairs[0].kappa if pairs else float("nan")


def kappas(values: Floats, *, classes: int | None, min_documents: int = 10) -> list[Pair]:
    """Of each pair of rows of `values` (raters, documents), nan where a rater gave no answer.

    With `classes`, values are indices below it and kappa is Cohen's of 1960. With None, values are grades or ranks and
    kappa is weighted by squared distance (Cohen 1968), which equals 1 - E(x - y)^2 / (var x + var y + (mean x - mean
    y)^2) and needs no table of all grades.
    """
    count = len(values)
    total = np.zeros((count, count))
    agreed, sums = np.zeros((count, count)), np.zeros((classes or 2, count, count))
    step = max(1, _CHUNK // max(1, count * (classes or 3)))
    for start in range(0, values.shape[1], step):
        part = values[:, start : start + step]
        given = np.isfinite(part).astype(np.float64)
        total += given @ given.T
        if classes is None:
            filled = np.where(given > 0, part, 0.0)
            agreed += filled @ filled.T
            sums += np.stack([filled @ given.T, filled**2 @ given.T])
        else:
            for n in range(classes):
                hits = (part == n).astype(np.float64)
                agreed += hits @ hits.T
                sums[n] += hits @ given.T
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _weighted(total, agreed, sums) if classes is None else _unweighted(total, agreed, sums)
    rows, columns = np.nonzero(np.triu(total >= min_documents, k=1))
    return [Pair(int(a), int(b), int(total[a, b]), float(found[a, b])) for a, b in zip(rows, columns, strict=True)]


def _weighted(total: Floats, products: Floats, sums: Floats) -> Floats:
    mean, square = sums[0] / total, sums[1] / total
    observed = square + square.T - 2 * products / total
    expected = square + square.T - 2 * mean * mean.T
    return np.where(expected > 1e-12, 1 - observed / expected, np.nan)


def _unweighted(total: Floats, agreed: Floats, sums: Floats) -> Floats:
    observed = agreed / total
    expected = (sums * sums.transpose(0, 2, 1)).sum(axis=0) / total**2
    return np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)
