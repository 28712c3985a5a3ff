"""May labels be released: what the objective asks of them, what there is, and how much more it would take."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from towpath.core.objective import Objective
from towpath.preparation.labels.agreement import AgreementSummary
from towpath.preparation.labels.queue import QueueState
from towpath.preparation.labels.ratings import Rating

__all__ = ["Requirement", "Verdict", "complete", "verdict"]


@dataclass(frozen=True)
class Requirement:
    """`found` and `wanted` in words; `lacking` says what is missing and what it takes, "" when it is met.

    `more` counts it: ratings or documents to make, or documents to review; None where labelling does not help.
    """

    name: str
    met: bool
    found: str
    wanted: str
    lacking: str = ""
    more: int | None = None


@dataclass(frozen=True)
class Verdict:
    requirements: tuple[Requirement, ...]

    @property
    def met(self) -> bool:
        return all(each.met for each in self.requirements)

    def to_dict(self) -> dict[str, Any]:
        return {"met": self.met, "requirements": [asdict(each) for each in self.requirements]}


def verdict(
    ratings: Sequence[Rating], agreement: AgreementSummary, objective: Objective, review: QueueState | None
) -> Verdict:
    """`agreement` is the summary of these ratings; `review` is None where there is no review queue."""
    return Verdict((_agreement(agreement), _raters(ratings, objective), _review(objective, review)))


def complete(ratings: Sequence[Rating], objective: Objective) -> list[Rating]:
    """Ratings of documents that have raters enough."""
    counts, least = _raters_by_document(ratings), objective.contract.labels.min_raters_per_document
    return [each for each in ratings if counts[each.document_id] >= least]


def _agreement(summary: AgreementSummary) -> Requirement:
    alpha, floor = summary.alpha, summary.floor
    wanted = f"lower bound ({summary.confidence:.0%}) of alpha ({summary.scale}) at least {floor:g}"
    if math.isnan(alpha.value):
        if floor <= 0:
            return Requirement("agreement", True, "not measured, and not asked for: the floor is not above 0", wanted)
        lacking = (
            "no agreement can be measured: let two raters or more rate the same documents"
            if not alpha.documents
            else "all raters always answered the same: alpha is not defined; label documents of other classes too"
        )
        return Requirement("agreement", False, "alpha is not defined", wanted, lacking)
    found = f"alpha {alpha.value:.3f}, {alpha.low:.3f} to {alpha.high:.3f}, from {alpha.documents:,} documents"
    if alpha.low >= floor:
        return Requirement("agreement", True, found, wanted)
    if not alpha.value > floor:
        return Requirement("agreement", False, found, wanted, _mend_the_guide(summary))
    more = documents_wanted(alpha.value, alpha.low, alpha.documents, floor) - alpha.documents
    lacking = f"about {more:,} more documents with two ratings or more, if raters go on to agree as they do"
    return Requirement("agreement", False, found, wanted, lacking, more)


def documents_wanted(value: float, low: float, documents: int, floor: float) -> int:
    """How many it takes until the lower bound reaches the floor: its distance shrinks with their square root."""
    return max(documents + 1, math.ceil(documents * ((value - low) / (value - floor)) ** 2))


def _mend_the_guide(summary: AgreementSummary) -> str:
    by_class = {name: each.value for name, each in summary.classes.items() if not math.isnan(each.value)}
    worst = min(by_class, key=lambda name: by_class[name], default=None)
    where = "" if worst is None else f", first for class {worst!r} (alpha {by_class[worst]:.2f})"
    return f"more labelling will not help: alpha itself is below the floor. Mend the guide{where}, and label again"


def _raters(ratings: Sequence[Rating], objective: Objective) -> Requirement:
    least, counts = objective.contract.labels.min_raters_per_document, _raters_by_document(ratings)
    wanted = f"{least} rater{'s' if least > 1 else ''} for each document"
    if not counts:
        return Requirement("raters", False, "no document has a rating", wanted, "label documents first")
    short = [least - each for each in counts.values() if each < least]
    fewest, most = min(counts.values()), max(counts.values())
    found = f"{fewest} to {most}, median {np.median(list(counts.values())):g}" if fewest < most else f"{most} each"
    if not short:
        return Requirement("raters", True, found, wanted)
    few = f"{len(short):,} of {len(counts):,} documents have fewer: {sum(short):,} more ratings, or leave them out"
    return Requirement("raters", False, found, wanted, few, sum(short))


def _review(objective: Objective, state: QueueState | None) -> Requirement:
    share = objective.contract.labels.review.min_reviewed_share
    wanted = f"{share:.0%} of the review queue looked at" if share else "no review"
    if state is None:
        made = "no review queue: write one with `towpath labels queue`, have it reviewed, and give it here"
        return Requirement("review", not share, "no review queue", wanted, made if share else "")
    size, reviewed = len(state.reviewed) + len(state.open), len(state.reviewed)
    found = f"{reviewed:,} of {size:,} suspicious documents reviewed"
    more = math.ceil(share * size - 1e-9) - reviewed
    if more <= 0:
        return Requirement("review", True, found, wanted)
    return Requirement("review", False, found, wanted, f"{more:,} more of the queue to review", more)


def _raters_by_document(ratings: Sequence[Rating]) -> dict[str, int]:
    raters: dict[str, set[str]] = defaultdict(set)
    for each in ratings:
        raters[each.document_id].add(each.rater_id)
    return {document: len(names) for document, names in raters.items()}
