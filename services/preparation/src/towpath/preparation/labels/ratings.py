"""From annotations to ratings: what counts of all that raters sent, as the objective reads it.

An annotation may be changed and taken back; the last word by its id counts, in whatever order the words arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.v1 import Annotation

__all__ = ["Rating", "Ratings", "Table", "current", "ratings_of", "revision", "table"]


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's class of one document. `score` is the grade where one was given; times are Unix seconds."""

    annotation_id: str
    document_id: str
    rater_id: str
    label: str
    score: float | None
    guide_version: str
    created_at: float
    lead_seconds: float | None


@dataclass(frozen=True)
class Ratings:
    """`kept` in order of document, rater and time; `refused` has annotation ids by reason."""

    kept: tuple[Rating, ...]
    refused: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Table:
    """`values` (raters, documents): class index or grade, nan where a rater gave none; a rater's last word counts."""

    values: NDArray[np.float64]
    raters: tuple[str, ...]
    documents: tuple[str, ...]


def current(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The last revision of each annotation that was not taken back, by id. Order of arrival does not matter."""
    last: dict[str, Annotation] = {}
    for each in annotations:
        known = last.get(each.annotation_id)
        if known is None or revision(each) > revision(known):
            last[each.annotation_id] = each
    return [last[key] for key in sorted(last) if not last[key].deleted]


def ratings_of(annotations: Iterable[Annotation], objective: Objective) -> Ratings:
    """What counts, with classes under their names of today (`contract.labels.renamed`)."""
    kept: list[Rating] = []
    refused: dict[str, list[str]] = defaultdict(list)
    for each in current(annotations):
        try:
            kept.append(_rating(each, objective))
        except ValueError as error:
            refused[str(error)].append(each.annotation_id)
    kept.sort(key=lambda r: (r.document_id, r.rater_id, r.created_at, r.annotation_id))
    return Ratings(tuple(kept), {why: tuple(ids) for why, ids in sorted(refused.items())})


def table(ratings: Iterable[Rating], objective: Objective, *, grades: bool) -> Table:
    """Ratings as a matrix: of grades (only ratings that have one), or of indices into the objective's classes."""
    chosen = [each for each in ratings if each.score is not None or not grades]
    raters = tuple(sorted({each.rater_id for each in chosen}))
    documents = tuple(sorted({each.document_id for each in chosen}))
    row, column = {name: n for n, name in enumerate(raters)}, {name: n for n, name in enumerate(documents)}
    index = {name: n for n, name in enumerate(objective.classes)}
    values = np.full((len(raters), len(documents)), np.nan)
    for each in chosen:
        value = each.score if grades and each.score is not None else float(index[each.label])
        values[row[each.rater_id], column[each.document_id]] = value
    return Table(values, raters, documents)


def revision(annotation: Annotation) -> tuple[int, int, bool, bytes]:
    """Comparable; two revisions of the same instant are told apart by content, so that every reader picks the same.

    Of a webhook and a file that was exported later, the webhook knew the guide.
    """
    at = annotation.updated_at if annotation.HasField("updated_at") else annotation.created_at
    return at.seconds, at.nanos, bool(annotation.guide_version), annotation.SerializeToString(deterministic=True)


def _rating(annotation: Annotation, objective: Objective) -> Rating:
    if annotation.WhichOneof("label") != "class_label":
        raise ValueError("not a class")
    given = annotation.class_label
    score = given.score if given.HasField("score") else None
    return Rating(
        annotation.annotation_id,
        annotation.document_id,
        annotation.rater_id,
        _class(given.label, score, objective),
        score,
        annotation.guide_version,
        annotation.created_at.ToNanoseconds() / 1e9,
        annotation.lead_seconds if annotation.HasField("lead_seconds") else None,
    )


def _class(label: str, score: float | None, objective: Objective) -> str:
    """Raises ValueError with the reason why the objective has no class for it."""
    if label:
        name = objective.contract.labels.renamed.get(label, label)
        if name not in objective.classes:
            raise ValueError(f"{label!r} is no class of the objective")
        return name
    if score is None:
        raise ValueError("neither class nor grade")
    return objective.class_of_grade(score)
