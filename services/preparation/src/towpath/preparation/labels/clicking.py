"""Raters who click through: fast, always the same, or knowing nothing. Each against the others, on the same documents.

Every finding is of one rater at a level; the caller divides it by how many it looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, ndtr

from towpath.preparation.labels.observed import Observed

__all__ = ["Clicking", "clickings"]

Floats = NDArray[np.float64]
_FEWEST = 20  # ratings of documents that others rated too
_FAST = 0.25  # of the others' median time on the same document
_STEPS = 5  # of shares of raters
_UNINFORMED = 0.5  # of what the median rater's answers tell


@dataclass(frozen=True)
class Clicking:
    """`by`: lead-time, run (`length` answers `label`) or information. `told`: the rater's figure; `others`: theirs."""

    rater: int
    by: str
    told: float
    others: float
    p_value: float
    label: int = -1
    length: int = 0


def clickings(seen: Observed, *, level: float) -> list[Clicking]:
    """At most a share `level` of sets of raters who are alike has anybody named (Bonferroni, over raters and tests)."""
    order = np.lexsort((seen.document, seen.time, seen.rater))
    counts = _counts(seen)
    shared = counts.sum(axis=1)[seen.document[order]] > 1
    order = order[shared]
    bounds = np.searchsorted(seen.rater[order], np.arange(len(seen.raters) + 1))
    sequences = {n: order[bounds[n] : bounds[n + 1]] for n in range(len(seen.raters))}
    sequences = {n: own for n, own in sequences.items() if len(own) >= _FEWEST}
    each = level / max(1, 3 * len(sequences))
    median_lead, usual, apart = _median_lead(seen), _usual(seen, counts), _apart(seen, counts)
    found = []
    for n, own in sequences.items():
        found += _fast(n, seen, own, median_lead)
        found += _runs(n, seen, own, usual, apart)
    return [one for one in found if one.p_value <= each] + _uninformed(seen, sequences, counts, each)


def _counts(seen: Observed) -> Floats:
    """Answers of each class by document."""
    size, classes = len(seen.documents), len(seen.classes)
    cells = np.bincount(seen.document * classes + seen.label, minlength=size * classes)
    return cells.reshape(size, classes).astype(np.float64)


def _median_lead(seen: Observed) -> Floats:
    """Of each document's ratings, nan where no two were measured."""
    median = np.full(len(seen.documents), np.nan)
    timed = np.flatnonzero(np.isfinite(seen.lead))
    order = timed[np.lexsort((seen.lead[timed], seen.document[timed]))]
    bounds = np.searchsorted(seen.document[order], np.arange(len(median) + 1))
    sizes = np.diff(bounds)
    several = np.flatnonzero(sizes > 1)
    low, high = bounds[several] + (sizes[several] - 1) // 2, bounds[several] + sizes[several] // 2
    median[several] = (seen.lead[order[low]] + seen.lead[order[high]]) / 2
    return median


def _fast(rater: int, seen: Observed, own: NDArray[np.int64], median: Floats) -> list[Clicking]:
    """Sign test: most of the rater's times are below a quarter of the document's median, which is theirs in part."""
    lead, usual = seen.lead[own], median[seen.document[own]]
    timed = np.isfinite(lead) & np.isfinite(usual)
    if timed.sum() < _FEWEST:
        return []
    lead, usual = lead[timed], usual[timed]
    p_value = float(bdtrc(int((lead < _FAST * usual).sum()) - 1, len(lead), 0.5))
    return [Clicking(rater, "lead-time", float(np.median(lead)), float(np.median(usual)), p_value)]


def _runs(rater: int, seen: Observed, own: NDArray[np.int64], usual: Floats, apart: Floats) -> list[Clicking]:
    """The longest run of one answer: how probable it is, going by what raters answer to such documents.

    Or by how often the rater gives that answer elsewhere, where that is more: a leaning is no clicking. Nor is a run on
    which the others agree, as when documents come in order of class. Without times there is no sequence.
    """
    if seen.time[own].min() == seen.time[own].max():
        return []
    label = seen.label[own]
    starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    lengths = np.diff(np.r_[starts, len(label)])
    longest = int(np.argmax(lengths))
    run = slice(int(starts[longest]), int(starts[longest] + lengths[longest]))
    answer = int(label[run.start])
    differ, usually = float(apart[own[run]].mean()), float(apart[seen.label == answer].mean())
    if differ <= usually:
        return []
    outside = np.r_[label[: run.start], label[run.stop :]]
    leaning = float((outside == answer).mean()) if outside.size >= _FEWEST else 0.0
    probable = np.log(np.maximum(usual[seen.document[own[run]], answer], leaning)).sum()
    p_value = float(min(1.0, len(label) * np.exp(probable)))
    return [Clicking(rater, "run", differ, usually, p_value, answer, int(lengths[longest]))]


def _apart(seen: Observed, counts: Floats) -> Floats:
    """Of each rating, the share of the other raters of its document who gave another class."""
    others = counts[seen.document].sum(axis=1) - 1
    same = counts[seen.document, seen.label] - 1
    apart: Floats = 1 - same / np.maximum(others, 1)
    return apart


def _usual(seen: Observed, counts: Floats) -> Floats:
    """How often a rater gives a class to a document, going by the share of its raters who do. (documents, classes)

    Learned from all ratings, each against the others of its document: raters are not as alike as shares say.
    """
    usual = np.zeros_like(counts)
    sizes = np.maximum(counts.sum(axis=1), 1)
    others = np.maximum(sizes[seen.document] - 1, 1)
    for n in range(len(seen.classes)):
        hit = (seen.label == n).astype(np.float64)
        step = np.ceil((counts[seen.document, n] - hit) / others * _STEPS).astype(np.int64)
        said = np.bincount(step, weights=hit, minlength=_STEPS + 1) + 1
        share = said / (np.bincount(step, minlength=_STEPS + 1) + 2)
        usual[:, n] = share[np.ceil(counts[:, n] / sizes * _STEPS).astype(np.int64)]
    return usual


def _uninformed(
    seen: Observed, sequences: dict[int, NDArray[np.int64]], counts: Floats, level: float
) -> list[Clicking]:
    """Whose answers tell, by their upper bound, less than half of what the median rater's do about the others'."""
    told = {n: _information(seen, own, counts) for n, own in sequences.items()}
    told = {n: each for n, each in told.items() if np.isfinite(each[0])}
    if len(told) < 3:
        return []  # of two, nobody can say which
    median = float(np.median([each[0] for each in told.values()]))
    tested = [
        Clicking(n, "information", figure, median, float(ndtr((figure - _UNINFORMED * median) / max(error, 1e-9))))
        for n, (figure, error) in told.items()
    ]
    return [each for each in tested if each.p_value <= level]


def _information(seen: Observed, own: NDArray[np.int64], counts: Floats) -> tuple[float, float]:
    """Agreement beyond chance with the others, and its standard error: correlation with their mean, or, for classes
    without order, kappa with any one of them.
    """
    others = counts[seen.document[own]]
    label, each = seen.label[own], np.arange(len(own))
    others[each, label] -= 1
    sizes = others.sum(axis=1, keepdims=True)
    if seen.scale != "nominal":
        total = np.bincount(seen.document, weights=seen.centred)[seen.document[own]]
        return _correlation(seen.centred[own], (total - seen.centred[own]) / sizes[:, 0])
    others /= sizes
    shares = np.bincount(label, minlength=len(seen.classes)) / len(own)
    chance = float(shares @ others.mean(axis=0))
    if chance > 1 - 1e-9:
        return float("nan"), float("nan")
    gain = (others[each, label] - others @ shares) / (1 - chance)  # in the mean this is kappa
    return float(gain.mean()), float(gain.std() / np.sqrt(len(own)))


def _correlation(first: Floats, second: Floats) -> tuple[float, float]:
    """0 for a rater who always says the same; the error is the delta method's of Fisher's z."""
    if second.std() < 1e-9:
        return float("nan"), float("nan")
    found = float(np.corrcoef(first, second)[0, 1]) if first.std() > 1e-9 else 0.0
    return found, (1 - found**2) / np.sqrt(len(first) - 3)
