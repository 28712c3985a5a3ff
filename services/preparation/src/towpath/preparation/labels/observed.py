"""Ratings as arrays: one answer of each rater to each document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.preparation.labels.alpha import Scale, Sums, sums_of
from towpath.preparation.labels.ratings import Rating

__all__ = ["Observed", "observed"]


@dataclass(frozen=True)
class Observed:
    """A rating each, in order of document and rater: indices into `documents`, `raters`, `classes`, `guides`.

    `value` is what the objective's scale compares: a grade (interval), or the class's index. `time` is in Unix
    seconds, `lead` in seconds (nan where nobody measured it).
    """

    scale: Scale
    documents: tuple[str, ...]
    raters: tuple[str, ...]
    classes: tuple[str, ...]
    guides: tuple[str, ...]
    document: NDArray[np.int64]
    rater: NDArray[np.int64]
    label: NDArray[np.int64]
    guide: NDArray[np.int64]
    value: NDArray[np.float64]
    time: NDArray[np.float64]
    lead: NDArray[np.float64]

    @cached_property
    def centred(self) -> NDArray[np.float64]:
        """`value`, of an interval scale about its mean: squares of large grades would lose digits."""
        return self.value - self.value.mean() if self.scale == "interval" and self.value.size else self.value

    def sums(self, chosen: NDArray[np.bool_] | None = None) -> Sums:
        """Of all ratings, or of those `chosen`."""
        every = slice(None) if chosen is None else chosen
        size, classes = len(self.documents), len(self.classes)
        return sums_of(self.document[every], self.centred[every], self.scale, documents=size, classes=classes)

    def matrix(self, raters: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """`value` as (raters, documents), nan where there is none; of `raters` only, in that order."""
        chosen = np.arange(len(self.raters)) if raters is None else raters
        row = np.full(len(self.raters), -1)
        row[chosen] = np.arange(len(chosen))
        values = np.full((len(chosen), len(self.documents)), np.nan)
        wanted = row[self.rater] >= 0
        values[row[self.rater[wanted]], self.document[wanted]] = self.value[wanted]
        return values


def observed(ratings: Iterable[Rating], objective: Objective) -> Observed:
    """A rater's last word on a document counts. On an interval scale only ratings with a grade do."""
    scale = objective.contract.labels.agreement.scale
    last: dict[tuple[str, str], Rating] = {}
    for each in ratings:
        if each.score is None and scale == "interval":
            continue
        key = each.document_id, each.rater_id
        known = last.get(key)
        if known is None or (each.created_at, each.annotation_id) >= (known.created_at, known.annotation_id):
            last[key] = each
    rows = [last[key] for key in sorted(last)]
    documents, document = _coded([each.document_id for each in rows])
    raters, rater = _coded([each.rater_id for each in rows])
    guides, guide = _coded([each.guide_version for each in rows])
    place = {name: n for n, name in enumerate(objective.classes)}
    label = np.array([place[each.label] for each in rows], dtype=np.int64)
    grades = np.array([np.nan if each.score is None else each.score for each in rows], dtype=np.float64)
    value = grades if scale == "interval" else label.astype(np.float64)
    time = np.array([each.created_at for each in rows], dtype=np.float64)
    lead = np.array([np.nan if each.lead_seconds is None else each.lead_seconds for each in rows], dtype=np.float64)
    classes = objective.classes
    return Observed(scale, documents, raters, classes, guides, document, rater, label, guide, value, time, lead)


def _coded(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    distinct = tuple(sorted(set(names)))
    place = {name: n for n, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], dtype=np.int64)
