"""Intraclass correlation: which share of the grades' variance is the documents', not the raters'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Icc", "icc"]


@dataclass(frozen=True)
class Icc:
    """One-way random effects: `single` is ICC(1), of one rater; `mean` is ICC(1,k), of the mean of a document's."""

    single: float
    mean: float


def icc(document: NDArray[np.int64], grade: NDArray[np.float64]) -> Icc:
    """Of ratings: `document` (n,) indices, `grade` (n,).

    Shrout & Fleiss 1979, case 1; with unequal numbers of ratings, k of ICC(1) is k0 = (N - sum k_i^2 / N) / (n - 1)
    (Donner 1986). nan for fewer than two documents, or no document with two ratings, or grades that do not vary.
    """
    every = np.bincount(document) if document.size else np.zeros(0)
    sizes, total = every[every > 0], float(document.size)
    undefined = Icc(float("nan"), float("nan"))
    if len(sizes) < 2 or total <= len(sizes):
        return undefined
    centred = grade - grade.mean()
    means = np.bincount(document, weights=centred)[every > 0] / sizes
    between_squares = float((sizes * means**2).sum())
    between = between_squares / (len(sizes) - 1)
    within = max(0.0, float((centred**2).sum()) - between_squares) / (total - len(sizes))
    k0 = (total - float((sizes.astype(np.float64) ** 2).sum()) / total) / (len(sizes) - 1)
    spread = between + (k0 - 1) * within
    if spread <= 1e-12:
        return undefined
    mean = (between - within) / between if between > 0 else float("nan")
    return Icc((between - within) / spread, mean)
