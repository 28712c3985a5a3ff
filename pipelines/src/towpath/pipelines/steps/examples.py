"""From annotations to examples: what class a document has, by the objective."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Grades, Objective
from towpath.core.objective.model import Below
from towpath.pipelines.steps.ages import Ages
from towpath.pipelines.steps.snapshot import Snapshot

__all__ = ["Examples", "class_of", "label"]


@dataclass(frozen=True)
class Examples:
    """n labelled documents. `truth` (n,) indexes the objective's classes; `grade` (n,) is the raters' mean, or nan.

    `weight` (n,) is how clear the class is: the grade's distance from the nearest bound, or the share of raters; and
    how young the document is, where the objective lets labels age.
    """

    ids: list[str]
    texts: list[str]
    truth: NDArray[np.intp]
    grade: NDArray[np.float64]
    raters: NDArray[np.intp]
    weight: NDArray[np.float64]
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: NDArray[np.intp]) -> Examples:
        """Those at `index`."""
        return Examples(
            [self.ids[n] for n in index],
            [self.texts[n] for n in index],
            self.truth[index],
            self.grade[index],
            self.raters[index],
            self.weight[index],
            self.left_out,
        )


def label(snapshot: Snapshot, objective: Objective) -> Examples:
    """Examples of all documents that can be used; `left_out` counts the others by reason."""
    by_document: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in snapshot.annotations:
        by_document[row["document_id"]].append(row)
    left_out: Counter[str] = Counter()
    ages = Ages.of(snapshot, objective)
    kept: list[tuple[str, str, int, float, int, float]] = []
    for document in snapshot.documents:
        rows = by_document[document["document_id"]]
        reason, name, grade, weight = class_of(document["text"], rows, objective)
        if name is not None and (too_old := ages.refused(document)):
            reason, name = too_old, None
        if name is None:
            left_out[reason] += 1
        else:
            kept_row = (
                document["document_id"],
                document["text"],
                objective.classes.index(name),
                grade,
                len(rows),
                weight * ages.weight(document),
            )
            kept.append(kept_row)
    return Examples(
        [row[0] for row in kept],
        [row[1] for row in kept],
        np.array([row[2] for row in kept], dtype=np.intp),
        np.array([row[3] for row in kept], dtype=np.float64),
        np.array([row[4] for row in kept], dtype=np.intp),
        np.array([row[5] for row in kept], dtype=np.float64),
        dict(left_out),
    )


def class_of(text: str, rows: list[dict[str, Any]], objective: Objective) -> tuple[str, str | None, float, float]:
    """(why not, class, mean grade, weight) of a document whose annotations are `rows`, by the objective."""
    contract = objective.contract
    if len({row["rater_id"] for row in rows}) < contract.labels.min_raters_per_document:
        return "too few raters", None, float("nan"), 0.0
    if len(text) > contract.data_quality.max_document_chars:
        return "too long", None, float("nan"), 0.0
    scores = [row["score"] for row in rows if row["score"] is not None]
    if scores and objective.grades is not None:
        grade = float(np.mean(scores))
        try:
            return "", objective.class_of_grade(grade), grade, _clearness(grade, objective.grades)
        except ValueError:
            return "grade out of range", None, float("nan"), 0.0
    votes = Counter(row["label"] for row in rows if row["label"] in objective.classes)
    if not votes:
        return "no known class", None, float("nan"), 0.0
    # Ties go to the class that the objective names first.
    most = max(votes.values())
    winner = next(name for name in objective.classes if votes[name] == most)
    return "", winner, float("nan"), most / votes.total()


def _clearness(grade: float, grades: Grades) -> float:
    """A tweet just beside a bound may have been on the other side with other raters: it teaches less."""
    bounds = [each.at_most if isinstance(each, Below) else each.at_least for each in grades.bounds.values()]
    return 0.1 + min((abs(grade - bound) for bound in bounds), default=0.9)
