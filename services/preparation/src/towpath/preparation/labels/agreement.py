"""Do the raters agree: Krippendorff's alpha against the objective's floor, and where it comes from.

As a whole with a bootstrap interval; of each class, rater, guide version and stretch of time; Cohen's kappa of pairs;
the intraclass correlation of grades.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.preparation.labels.alpha import Estimate, Scale, Sums, alpha, estimate, sums_of
from towpath.preparation.labels.icc import Icc, icc
from towpath.preparation.labels.kappa import kappas
from towpath.preparation.labels.observed import Observed, observed
from towpath.preparation.labels.ratings import Rating

__all__ = ["AgreementSummary", "OfPair", "OfRater", "OfWindow", "summary"]

_PART_SAMPLES = 500  # of a class, a guide version, a window: nothing is decided by these
_MOST_RATERS_IN_PAIRS, _MOST_GUIDES, _MOST_WINDOWS, _WINDOW_DOCUMENTS = 100, 20, 12, 50


@dataclass(frozen=True)
class OfRater:
    """`with_others`: correlation with the mean of the other raters (interval), else the share of their answers that
    are the rater's. `bias`: by how much the rater grades higher than they do. `alpha_without`: of all but the rater.
    nan where it is not defined; `lead_seconds` is the median.
    """

    rater: str
    ratings: int
    with_others: float
    bias: float
    alpha_without: float
    lead_seconds: float


@dataclass(frozen=True)
class OfPair:
    first: str
    second: str
    documents: int
    kappa: float


@dataclass(frozen=True)
class OfWindow:
    """`start` and `end` in Unix seconds: the documents whose ratings are, on average, of that time."""

    start: float
    end: float
    alpha: Estimate


@dataclass(frozen=True)
class AgreementSummary:
    """`met`: whether the lower bound of `alpha` reaches the floor. `classes`: alpha of being in the class or not.

    `icc` is there for grades. `mean_kappa` is of the pairs (weighted by squared distance unless nominal) that rated ten
    documents or more together.
    """

    scale: Scale
    floor: float
    confidence: float
    met: bool
    documents: int
    ratings: int
    raters: int
    alpha: Estimate
    icc: Icc | None
    mean_kappa: float
    pairs: tuple[OfPair, ...]
    classes: dict[str, Estimate]
    by_rater: tuple[OfRater, ...]
    by_guide: dict[str, Estimate]
    over_time: tuple[OfWindow, ...]

    def to_dict(self, *, pairs: bool = True) -> dict[str, Any]:
        """As JSON has it; what is not defined is null, never NaN."""
        plain: dict[str, Any] = _finite(asdict(self))
        if not pairs:
            del plain["pairs"]
        return plain


def summary(ratings: Iterable[Rating], objective: Objective, *, seed: int = 0) -> AgreementSummary:
    """Everything there is to say of the agreement of these ratings; the same ratings give the same figures."""
    wanted, seen = objective.contract.labels.agreement, observed(ratings, objective)
    sums = seen.sums()
    whole = estimate(sums, confidence=wanted.confidence, samples=wanted.bootstrap_samples, seed=seed)
    pairs = _pairs(seen)
    defined = [each.kappa for each in pairs if np.isfinite(each.kappa)]
    samples = min(_PART_SAMPLES, wanted.bootstrap_samples)
    part = partial(estimate, confidence=wanted.confidence, samples=samples, seed=seed)
    return AgreementSummary(
        scale=wanted.scale,
        floor=wanted.floor,
        confidence=wanted.confidence,
        met=bool(whole.low >= wanted.floor),
        documents=len(seen.documents),
        ratings=len(seen.document),
        raters=len(seen.raters),
        alpha=whole,
        icc=icc(seen.document, seen.value) if wanted.scale == "interval" else None,
        mean_kappa=float(np.mean(defined)) if defined else float("nan"),
        pairs=pairs,
        classes={name: part(_of_class(seen, n)) for n, name in enumerate(seen.classes)},
        by_rater=tuple(_raters(seen, sums)),
        by_guide={seen.guides[n]: part(seen.sums(seen.guide == n)) for n in _guides(seen)},
        over_time=tuple(OfWindow(a, b, part(rows)) for a, b, rows in _windows(seen, sums)),
    )


def _of_class(seen: Observed, index: int) -> Sums:
    hit = (seen.label == index).astype(np.float64)
    return sums_of(seen.document, hit, "nominal", documents=len(seen.documents), classes=2)


def _guides(seen: Observed) -> list[int]:
    counts = np.bincount(seen.guide, minlength=len(seen.guides))
    return sorted(int(n) for n in np.argsort(-counts, kind="stable")[:_MOST_GUIDES])


def _pairs(seen: Observed) -> tuple[OfPair, ...]:
    counts = np.bincount(seen.rater, minlength=len(seen.raters))
    busiest = np.sort(np.argsort(-counts, kind="stable")[:_MOST_RATERS_IN_PAIRS])
    found = kappas(seen.matrix(busiest), classes=len(seen.classes) if seen.scale == "nominal" else None)
    name = [seen.raters[n] for n in busiest]
    return tuple(OfPair(name[each.first], name[each.second], each.documents, each.kappa) for each in found)


def _windows(seen: Observed, sums: Sums) -> list[tuple[float, float, Sums]]:
    """Equal numbers of documents, in the order of time; none where there are no times."""
    if not seen.documents or seen.time.min() == seen.time.max():
        return []
    time = np.bincount(seen.document, weights=seen.time) / np.bincount(seen.document)
    rated = np.flatnonzero(sums.sizes > 1)
    count = min(_MOST_WINDOWS, len(rated) // _WINDOW_DOCUMENTS)
    if count < 2:
        return []
    parts = np.array_split(rated[np.argsort(time[rated], kind="stable")], count)
    return [(float(time[p[0]]), float(time[p[-1]]), Sums(sums.rows[p], sums.scale)) for p in parts]


def _raters(seen: Observed, sums: Sums) -> list[OfRater]:
    made = []
    order = np.argsort(seen.rater, kind="stable")
    bounds = np.searchsorted(seen.rater[order], np.arange(len(seen.raters) + 1))
    for n, name in enumerate(seen.raters):
        own = order[bounds[n] : bounds[n + 1]]
        without = _without(seen, sums, own)
        with_others, bias = _with_others(seen, own, without)
        leads = seen.lead[own][np.isfinite(seen.lead[own])]
        lead = float(np.median(leads)) if leads.size else float("nan")
        made.append(OfRater(name, len(own), with_others, bias, alpha(without), lead))
    return made


def _without(seen: Observed, sums: Sums, own: NDArray[np.int64]) -> Sums:
    """The sums but for the ratings `own`, of which no two are of one document."""
    each = np.arange(len(own))
    mine = sums_of(each, seen.centred[own], sums.scale, documents=len(own), classes=len(seen.classes))
    rows = sums.rows.copy()
    rows[seen.document[own]] -= mine.rows
    return Sums(rows, sums.scale)


def _with_others(seen: Observed, own: NDArray[np.int64], without: Sums) -> tuple[float, float]:
    """Agreement with the others on the documents that they rated too, and bias against them."""
    others, sizes = without.rows[seen.document[own]], without.sizes[seen.document[own]]
    shared = sizes > 0
    value, others, sizes = seen.centred[own][shared], others[shared], sizes[shared]
    if not value.size:
        return float("nan"), float("nan")
    if seen.scale == "interval":
        mean = others[:, 1] / sizes
        varied = value.size > 1 and value.std() > 0 and mean.std() > 0
        return float(np.corrcoef(value, mean)[0, 1]) if varied else float("nan"), float((value - mean).mean())
    same = others[np.arange(len(value)), value.astype(np.int64)] / sizes
    rank = others @ np.arange(len(seen.classes)) / sizes
    return float(same.mean()), float((value - rank).mean()) if seen.scale == "ordinal" else float("nan")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
