"""Raters who drift: whose bias against the others, or whose agreement with them, is not the same all the time.

Each rating is held against the other raters of its document, and against the rater's own on documents of its kind, so
that documents that come in order of class, or become harder, are nobody's drift. The rater's sequence is tested for
one change at an unknown place by the maximum of the standardised CUSUM, whose limit is the supremum of a Brownian
bridge (Brown, Durbin & Evans 1975; Ploberger & Kraemer 1992); the limit is conservative in short sequences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov

from towpath.preparation.labels.observed import Observed

__all__ = ["Drift", "drifts"]

Floats = NDArray[np.float64]
_FEWEST = 30  # ratings of documents that others rated too
_LEAST_SHIFT = 0.3  # standard deviations of the rater's own differences: less is nobody's business


@dataclass(frozen=True)
class Drift:
    """`of`: bias (grades or ranks) or disagreement; its mean `before` and `after` the Unix time `since`."""

    rater: int
    of: str
    before: float
    after: float
    since: float
    p_value: float


def drifts(seen: Observed, *, level: float) -> list[Drift]:
    """At most a share `level` of sets of steady raters has anybody named (Holm 1979, over raters and both tests).

    Who drifts pulls the mean that the others are held against: the clearest is named first, and the others are looked
    at again without them.
    """
    found: list[Drift] = []
    kept = np.ones(len(seen.document), dtype=np.bool_)
    if not kept.size or seen.time.min() == seen.time.max():
        return found
    while True:
        tested, count = _candidates(seen, kept)
        clearest = min(tested, key=lambda each: each.p_value, default=None)
        if clearest is None or clearest.p_value * count > level:
            return found
        found.append(clearest)
        kept &= seen.rater != clearest.rater


def _candidates(seen: Observed, kept: NDArray[np.bool_]) -> tuple[list[Drift], int]:
    """Drifts that are large enough to be told, and how many tests were made."""
    tested, count = [], 0
    bias, disagreement, shared = _against_others(seen, kept)
    kinds = _kinds(seen)[seen.document]
    order = np.lexsort((seen.document, seen.time, seen.rater))
    order = order[shared[order]]
    bounds = np.searchsorted(seen.rater[order], np.arange(len(seen.raters) + 1))
    for n in range(len(seen.raters)):
        own = order[bounds[n] : bounds[n + 1]]
        if len(own) < _FEWEST:
            continue
        for of, values in (("disagreement", disagreement), ("bias", bias)):
            if values is not None and values[own].std() > 1e-9:
                count += 1
                tested += _change(n, of, values[own], seen.time[own], kinds[own])
    return tested, count


def _change(rater: int, of: str, values: Floats, time: Floats, kinds: NDArray[np.int64]) -> list[Drift]:
    usual = np.bincount(kinds, weights=values) / np.maximum(np.bincount(kinds), 1)
    apart = values - usual[kinds]
    deviation = float(apart.std())
    if deviation < 1e-9:
        return []
    walk = np.cumsum(apart)[:-1]
    place = int(np.argmax(np.abs(walk))) + 1
    before, after = float(values[:place].mean()), float(values[place:].mean())
    if abs(after - before) < _LEAST_SHIFT * deviation:
        return []
    p_value = float(kolmogorov(np.abs(walk).max() / (deviation * np.sqrt(len(values)))))
    return [Drift(rater, of, before, after, float(time[place]), p_value)]


def _kinds(seen: Observed) -> NDArray[np.int64]:
    """Of each document: the fifth that its mean lies in, or the class that most give it."""
    size, classes = len(seen.documents), len(seen.classes)
    if seen.scale == "nominal":
        counts = np.bincount(seen.document * classes + seen.label, minlength=size * classes).reshape(size, classes)
        kinds: NDArray[np.int64] = counts.argmax(axis=1)
        return kinds
    mean = np.bincount(seen.document, weights=seen.centred) / np.bincount(seen.document)
    return np.searchsorted(np.quantile(mean, [0.2, 0.4, 0.6, 0.8]), mean)


def _against_others(seen: Observed, kept: NDArray[np.bool_]) -> tuple[Floats | None, Floats, NDArray[np.bool_]]:
    """Bias (none for classes without order) and disagreement of each rating, and whether others rated its document.

    Disagreement is what the rating differs from the others by, less what they differ from each other by.
    """
    documents, shape = seen.document, len(seen.documents)

    def others(values: Floats) -> Floats:
        """The mean of the other ratings of the same document."""
        values = np.where(kept, values, 0.0)
        total = np.bincount(documents, weights=values, minlength=shape)[documents] - values
        sizes = np.bincount(documents, weights=kept.astype(float), minlength=shape)[documents] - kept
        mean: Floats = total / np.maximum(sizes, 1)
        return mean

    sizes = np.bincount(documents, weights=kept.astype(float), minlength=shape)[documents]
    shared = kept & (sizes > 1)
    if seen.scale == "nominal":
        cells = documents * len(seen.classes) + seen.label
        same = np.bincount(cells, weights=kept.astype(float), minlength=shape * len(seen.classes))[cells] - kept
        bias, apart = None, 1 - same / np.maximum(sizes - 1, 1)
    else:
        bias = seen.centred - others(seen.centred)
        apart = np.abs(bias)
    return bias, apart - others(apart), shared
