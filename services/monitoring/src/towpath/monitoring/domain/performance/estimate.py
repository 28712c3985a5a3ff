"""What predictions are worth though few have a truth: what probabilities promise, corrected by the labels there are.

Prediction-powered inference (Angelopoulos et al., Science 382, 2023): the promise is averaged over all documents, and
the rectifier, the mean difference of realised and promised, over labelled ones. Here a rectifier a stratum, which is
weighted by the stratum's share of all documents, not of the labelled ones (Horvitz & Thompson, JASA 47(260), 1952):
labels that were asked for are no random choice of documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "estimate", "labels_alone"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
# Documents in strata that no label speaks for, beyond which nothing that labels say is taken for all documents.
_UNKNOWN_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of the mean of n documents. `promised` is the mean before labels corrected it."""

    documents: int
    labelled: int
    promised: float
    mean: float
    lower: float
    upper: float
    unknown_share: float

    @property
    def trusted(self) -> bool:
        """Whether labels speak for nearly all documents."""
        return self.documents > 0 and self.unknown_share <= _UNKNOWN_SHARE


def estimate(
    strata: Ints,
    promised: Floats,
    variance: Floats,
    realised: Floats,
    known: NDArray[np.bool_],
    bounds: Floats,
    confidence: float = 0.95,
) -> Estimate:
    """Of n documents (n,) in S strata: what was promised, with its variance, and what was realised where `known`.

    `bounds` (S, 2) is what a document of a stratum can be. Of a stratum without a label the promise stands, and the
    interval takes in all that can be; where its two bounds are equal, it needs no label. The normal interval; a
    difference's variance is the labels' own, and at least what the probabilities promise: few labels miss rare costs.
    """
    size, total = len(bounds), len(strata)
    if total == 0:
        return Estimate(0, 0, 0.0, 0.0, float(bounds.min()), float(bounds.max()), 0.0)
    count = np.bincount(strata, minlength=size).astype(np.float64)
    share, mean = count / total, _mean(strata, promised, count)
    labels, rectifier, spread = _rectified(strata[known], (realised - promised)[known], size)
    needs = bounds[:, 1] > bounds[:, 0]
    seen, unknown = needs & (labels > 0), needs & (labels == 0) & (count > 0)
    error = _error(share, np.maximum(spread, _mean(strata, variance, count)), labels, count)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.sqrt(error[seen].sum()))
    value = float(share @ (mean + np.where(seen, rectifier, 0.0)))
    below, above = (float((share * (each - mean))[unknown].sum()) for each in bounds.T)
    least, most = float(share @ bounds[:, 0]), float(share @ bounds[:, 1])
    return Estimate(
        total, int(known.sum()), float(share @ mean), min(max(value, least), most), max(value - half + below, least),
        min(value + half + above, most), float(share[unknown].sum()),
    )  # fmt: skip


def labels_alone(strata: Ints, realised: Floats, known: NDArray[np.bool_], size: int) -> tuple[float, float]:
    """(mean, standard error) by the labels of each stratum alone, weighted as in `estimate`, to compare."""
    count = np.bincount(strata, minlength=size).astype(np.float64)
    share = count / max(1, len(strata))
    labels, mean, spread = _rectified(strata[known], realised[known], size)
    return float(share @ mean), float(np.sqrt(_error(share, spread, labels, count).sum()))


def _error(share: Floats, spread: Floats, labels: Floats, count: Floats) -> Floats:
    """Each stratum's part of the variance: what is labelled is known for sure, only of the rest one is unsure."""
    rest = 1 - np.minimum(1.0, labels / np.maximum(count, 1))
    found: Floats = share**2 * spread * rest / np.maximum(labels, 1)
    return found


def _mean(strata: Ints, values: Floats, count: Floats) -> Floats:
    found: Floats = np.bincount(strata, weights=values, minlength=len(count)) / np.maximum(count, 1)
    return found


def _rectified(strata: Ints, values: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    """(labels, their mean, their variance) of each stratum."""
    labels = np.bincount(strata, minlength=size).astype(np.float64)
    mean = _mean(strata, values, labels)
    squares = np.bincount(strata, weights=(values - mean[strata]) ** 2, minlength=size)
    return labels, mean, squares / np.maximum(labels - 1, 1)
