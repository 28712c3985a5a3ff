"""How well one can tell by its sketch which window a document is from."""

from __future__ import annotations

import math

import numpy as np

from towpath.monitoring.domain.windows.effects import Effect
from towpath.monitoring.domain.windows.rows import Bools, Floats

__all__ = ["separation"]

_Z = 1.959964


def separation(by_side: Floats, is_now: Bools, folds: Bools) -> Effect:
    """2 AUC - 1 of the witness function: 0 where a coin is as good, 1 where it is never wrong.

    `by_side` (n, 4): each document's kernel sums over the documents now in `folds`, now in the others, before in
    `folds`, before in the others. A document is judged by the half that it is not in, so a witness that has only
    learnt by heart is worth nothing. It is at most the share of documents that would have to be others for the
    windows to be alike. Its interval is DeLong's (DeLong, DeLong & Clarke-Pearson, Biometrics 44, 1988), as wide as
    if both halves erred together: where there is no difference they do, for either judges the other.
    """
    sizes = [max(1, int((side & fold).sum())) for side in (is_now, ~is_now) for fold in (folds, ~folds)]
    means = by_side / sizes
    areas, variances = [], []
    for judged, of_now, of_before in ((folds, 1, 3), (~folds, 0, 2)):
        witness = means[:, of_now] - means[:, of_before]
        area, variance = _area(witness[judged & is_now], witness[judged & ~is_now])
        areas.append(area)
        variances.append(variance)
    value, margin = sum(areas) - 1, _Z * sum(map(math.sqrt, variances))
    return Effect("separation", max(0.0, value), max(0.0, value - margin), min(1.0, max(0.0, value + margin)))


def _area(higher: Floats, lower: Floats) -> tuple[float, float]:
    """(area under the curve, its variance)."""
    if min(len(higher), len(lower)) < 2:
        return 0.5, 0.25
    placed = _below(higher, lower), 1 - _below(lower, higher)
    return float(placed[0].mean()), sum(float(each.var(ddof=1)) / len(each) for each in placed)


def _below(values: Floats, others: Floats) -> Floats:
    """The share of `others` below each value, equal ones half."""
    ordered = np.sort(others)
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((left + right) / (2 * len(others)), dtype=np.float64)
