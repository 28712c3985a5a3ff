"""What raters agree on: the class that training takes, and a consensus by votes or by CROWDLAB.

CROWDLAB: Goh, Tkachenko & Mueller, "CROWDLAB: supervised learning to infer consensus labels and quality scores for
data with multiple annotators", 2022 (arXiv 2210.06812), as cleanlab has it: a model's out-of-fold probabilities are one
more voice, and each voice weighs as much as it was right where the others could check it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.preparation.labels.ratings import Rating, Table

__all__ = ["Consensus", "by_crowdlab", "by_majority", "given_classes", "several_raters"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Consensus:
    """Of n documents by r raters into K classes.

    `labels` (n,) class indices. `quality` (n, K): how far each class can be trusted to be right, rows sum to 1; by
    majority it is the share of votes. `rater_quality` (r,) 0 to 1: by majority how often a rater was with the others.
    """

    method: Literal["majority", "crowdlab"]
    documents: tuple[str, ...]
    labels: NDArray[np.intp]
    quality: Floats
    raters: tuple[str, ...]
    rater_quality: Floats

    @property
    def confidence(self) -> Floats:
        """(n,) quality of the consensus class."""
        return self.quality[np.arange(len(self.labels)), self.labels]


def given_classes(ratings: Iterable[Rating], objective: Objective) -> dict[str, str]:
    """The class of each document as training takes it: of the mean grade, or of most votes (ties: first named)."""
    by_document: dict[str, list[Rating]] = defaultdict(list)
    for each in ratings:
        by_document[each.document_id].append(each)
    return {document: _given(votes, objective) for document, votes in sorted(by_document.items())}


def by_majority(table: Table, classes: int) -> Consensus:
    """Most votes; ties go to the class that the objective names first.

    Args:
        table: of class indices (`ratings.table` with grades=False).
        classes: K.
    """
    votes = _votes(table, classes)
    share = votes / votes.sum(axis=1, keepdims=True)
    return Consensus(
        "majority", table.documents, votes.argmax(axis=1), share, table.raters, _agreement_with_others(table, votes)
    )


def by_crowdlab(table: Table, probabilities: Floats) -> Consensus:
    """CROWDLAB's consensus.

    Args:
        table: of class indices (`ratings.table` with grades=False).
        probabilities: (n, K), out of fold, in the order of the table's documents.

    Raises:
        ValueError: no document has two raters, so that no rater can be checked.
    """
    if not several_raters(table):
        raise ValueError("no document has two raters: CROWDLAB has nothing to weigh raters by; take the majority")
    from cleanlab.multiannotator import get_label_quality_multiannotator  # seconds to import

    found = get_label_quality_multiannotator(
        table.values.T, probabilities, consensus_method="best_quality", return_weights=False, verbose=False
    )
    quality = _class_quality(table, found["detailed_label_quality"].to_numpy(), probabilities.shape[1])
    labels = found["label_quality"]["consensus_label"].to_numpy().astype(np.intp)
    of_raters = found["annotator_stats"]["annotator_quality"].reindex(range(len(table.raters))).to_numpy()
    return Consensus("crowdlab", table.documents, labels, quality, table.raters, of_raters.astype(np.float64))


def several_raters(table: Table) -> bool:
    """Whether any document has two ratings."""
    return bool((np.isfinite(table.values).sum(axis=0) > 1).any())


def _given(ratings: list[Rating], objective: Objective) -> str:
    grades = objective.grades
    scores = [each.score for each in ratings if each.score is not None]
    if scores and grades is not None:
        return objective.class_of_grade(float(np.clip(np.mean(scores), grades.min, grades.max)))
    votes = [each.label for each in ratings]
    return max(objective.classes, key=votes.count)


def _votes(table: Table, classes: int) -> NDArray[np.intp]:
    return np.stack([(table.values == each).sum(axis=0) for each in range(classes)], axis=1)


def _agreement_with_others(table: Table, votes: NDArray[np.intp]) -> Floats:
    """A rater's own vote is left out, or few raters would agree with themselves; nan who was never with another."""
    quality = np.full(len(table.raters), np.nan)
    for row, given in enumerate(table.values):
        at = np.flatnonzero(np.isfinite(given))
        own = given[at].astype(np.intp)
        others = votes[at].copy()
        others[np.arange(len(at)), own] -= 1
        checked = others.sum(axis=1) > 0
        if checked.any():
            with_most = others[np.arange(len(at)), own] == others.max(axis=1)
            quality[row] = with_most[checked].mean()
    return quality


def _class_quality(table: Table, of_ratings: Floats, classes: int) -> Floats:
    """cleanlab tells the quality of classes that somebody voted for; the rest is shared by those that nobody did."""
    quality = np.full((len(table.documents), classes), np.nan)
    for row, given in enumerate(table.values):
        at = np.flatnonzero(np.isfinite(given))
        quality[at, given[at].astype(np.intp)] = of_ratings[at, row]
    nobody = np.isnan(quality)
    rest = np.clip(1 - np.nansum(quality, axis=1), 0, 1) / np.maximum(nobody.sum(axis=1), 1)
    return np.where(nobody, rest[:, None], quality)
