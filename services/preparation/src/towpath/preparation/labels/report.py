"""Everything that is to say of the labels there are, as values: what `towpath labels report` draws and writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from towpath.core.objective import Objective
from towpath.preparation.labels.agreement import AgreementSummary, summary
from towpath.preparation.labels.consensus import given_classes
from towpath.preparation.labels.queue import Entry, QueueState, queue_state
from towpath.preparation.labels.raters import Suspect, suspects
from towpath.preparation.labels.ratings import Rating, current, ratings_of
from towpath.preparation.labels.requirements import Verdict, complete, verdict
from towpath.v1 import Annotation, Document

__all__ = ["Disputed", "GuideUse", "LabelReport", "label_report"]

_DISPUTED = 10
_UNKNOWN = "the document is not known"


@dataclass(frozen=True)
class Disputed:
    """A document that raters answer most differently; `answers` counts grades, or classes, in order."""

    document_id: str
    text: str
    answers: dict[str, int]
    spread: float


@dataclass(frozen=True)
class GuideUse:
    """What was rated under a version of the guide."""

    version: str
    ratings: int
    raters: int
    documents: int


@dataclass(frozen=True)
class LabelReport:
    """`refused` has annotation ids by reason. `guide_version` is the guide's own, "" where there is no guide.

    `raters_per_document` counts documents by their number of raters, `by_class` by the class that training takes.
    """

    objective: Objective
    ratings: tuple[Rating, ...]
    agreement: AgreementSummary
    suspects: tuple[Suspect, ...]
    refused: dict[str, tuple[str, ...]]
    replaced: int
    raters_per_document: dict[int, int]
    by_class: dict[str, int]
    disputed: tuple[Disputed, ...]
    guides: tuple[GuideUse, ...]
    guide_version: str
    review: QueueState | None
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "objective": self.objective.name,
            "objectiveHash": self.objective.hash,
            "release": self.verdict.to_dict(),
            "agreement": self.agreement.to_dict(),
            "suspects": [asdict(each) for each in self.suspects],
            "refused": {why: list(ids) for why, ids in self.refused.items()},
            "replacedOrWithdrawn": self.replaced,
            "ratersPerDocument": {str(key): count for key, count in self.raters_per_document.items()},
            "byClass": self.by_class,
            "disputed": [asdict(each) for each in self.disputed],
            "guides": [asdict(each) for each in self.guides],
            "guideVersion": self.guide_version,
        }


def label_report(
    annotations: Sequence[Annotation],
    documents: Sequence[Document],
    objective: Objective,
    *,
    queue: Iterable[Entry] | None = None,
    guide_version: str = "",
    complete_only: bool = False,
) -> LabelReport:
    """Where documents are given, annotations of others do not count.

    `complete_only` leaves documents out that have fewer raters than the objective asks for.

    Raises:
        RejectedError: the objective's task has no classes.
    """
    texts = {each.document_id: each.text for each in documents}
    said = ratings_of(annotations, objective)
    ratings = [each for each in said.kept if not texts or each.document_id in texts]
    refused = dict(said.refused)
    if len(ratings) < len(said.kept):
        refused[_UNKNOWN] = tuple(each.annotation_id for each in said.kept if each.document_id not in texts)
    if complete_only:
        ratings = complete(ratings, objective)
    agreement = summary(ratings, objective)
    state = None if queue is None else queue_state(queue, ratings)
    counts = Counter(Counter(document for document, _ in {(r.document_id, r.rater_id) for r in ratings}).values())
    classes = Counter(given_classes(ratings, objective).values())
    return LabelReport(
        objective=objective,
        ratings=tuple(ratings),
        agreement=agreement,
        suspects=suspects(ratings, objective),
        refused=refused,
        replaced=len(annotations) - len(current(annotations)),
        raters_per_document=dict(sorted(counts.items())),
        by_class={name: classes[name] for name in objective.classes},
        disputed=tuple(_disputed(ratings, texts, grades=agreement.scale == "interval")),
        guides=tuple(_guides(ratings)),
        guide_version=guide_version,
        review=state,
        verdict=verdict(ratings, agreement, objective, state),
    )


def _guides(ratings: Sequence[Rating]) -> list[GuideUse]:
    by_version: dict[str, list[Rating]] = defaultdict(list)
    for each in ratings:
        by_version[each.guide_version].append(each)
    return [
        GuideUse(version, len(rows), len({r.rater_id for r in rows}), len({r.document_id for r in rows}))
        for version, rows in sorted(by_version.items())
    ]


def _disputed(ratings: Sequence[Rating], texts: dict[str, str], *, grades: bool) -> list[Disputed]:
    """By variance of grades, or the probability that two raters differ; of documents with three ratings or more."""
    by_document: dict[str, list[Rating]] = defaultdict(list)
    for each in ratings:
        if not grades or each.score is not None:
            by_document[each.document_id].append(each)
    spreads = {name: _spread(rows, grades) for name, rows in by_document.items() if len(rows) >= 3}
    worst = sorted(spreads, key=lambda name: (-spreads[name], name))[:_DISPUTED]
    return [Disputed(n, texts.get(n, ""), _answers(by_document[n], grades), spreads[n]) for n in worst if spreads[n]]


def _spread(rows: Sequence[Rating], grades: bool) -> float:
    if grades:
        return float(np.std([each.score for each in rows if each.score is not None]))
    shares = np.array(list(Counter(each.label for each in rows).values())) / len(rows)
    return float(1 - (shares**2).sum())


def _answers(rows: Sequence[Rating], grades: bool) -> dict[str, int]:
    if grades:
        scores = Counter(each.score for each in rows if each.score is not None)
        return {f"{score:g}": scores[score] for score in sorted(scores)}
    return dict(Counter(each.label for each in rows).most_common())
