"""From ratings and features to the review queue.

A document is ranked by the quality of the class that training takes: CROWDLAB's where raters vote on classes and some
documents have several raters; the model's self-confidence where the class follows from a mean grade, because votes
of classes know less than the grades do (measured: docs/label-errors.md).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.preparation.labels.consensus import Consensus, by_crowdlab, by_majority, given_classes, several_raters
from towpath.preparation.labels.errors import Suspicions, out_of_fold, same_texts, suspicions
from towpath.preparation.labels.queue import Entry, known_ratings
from towpath.preparation.labels.ratings import Rating, table

__all__ = ["Review", "review"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Review:
    """`queue`: at most the objective's share of the n `documents` looked at. `probabilities` (n, K) are out of fold."""

    queue: tuple[Entry, ...]
    documents: tuple[str, ...]
    given: NDArray[np.intp]
    probabilities: Floats
    consensus: Consensus
    suspicions: Suspicions


def review(
    ratings: Sequence[Rating],
    documents: Sequence[str],
    texts: Sequence[str],
    features: NDArray[np.floating],
    objective: Objective,
    *,
    leave_out: frozenset[str] = frozenset(),
    seed: int = 0,
) -> Review:
    """The documents whose class is most suspicious.

    Args:
        ratings: of these documents, and perhaps of others.
        documents: n ids, sorted, each with a rating.
        texts: n.
        features: (n, D), as sentence embeddings.
        leave_out: ids that are not to be queued, as somebody has reviewed them; the model learns from them too.

    Raises:
        RejectedError: too few labels to say anything, or an objective without classes.
    """
    wanted = set(documents)
    kept = [each for each in ratings if each.document_id in wanted]
    classes = given_classes(kept, objective)
    given = np.array([objective.classes.index(classes[each]) for each in documents], dtype=np.intp)
    probabilities = out_of_fold(features, given, same_texts(texts), len(objective.classes), seed=seed)
    votes = table(kept, objective, grades=False)
    several = several_raters(votes)
    consensus = by_crowdlab(votes, probabilities) if several else by_majority(votes, len(objective.classes))
    by_votes = several and objective.grades is None
    found = suspicions(given, probabilities, consensus.quality if by_votes else None)
    told = _Telling(kept, objective, probabilities, found)
    # A class that is more probable than any other is not suspicious, whatever room the queue has.
    quality = consensus.quality if by_votes else probabilities
    asked = [n for n in found.order if documents[n] not in leave_out]
    doubted = [n for n in asked if quality[n, found.suspected[n]] > quality[n, given[n]]]
    most = math.ceil(objective.contract.labels.review.queue_share * len(documents))
    queue = tuple(told.entry(n, documents[n], texts[n], given[n]) for n in doubted[:most])
    return Review(queue, tuple(documents), given, probabilities, consensus, found)


class _Telling:
    """What a reviewer is told of a document."""

    def __init__(self, ratings: Sequence[Rating], objective: Objective, seen: Floats, found: Suspicions) -> None:
        self._objective, self._seen, self._found = objective, seen, found
        self._known = known_ratings(ratings)
        self._ratings: dict[str, list[Rating]] = defaultdict(list)
        for each in ratings:
            self._ratings[each.document_id].append(each)

    def entry(self, n: int, document: str, text: str, given: int) -> Entry:
        names = self._objective.classes
        votes = Counter(each.label for each in self._ratings[document])
        return Entry(
            document_id=document,
            text=text,
            given=names[given],
            suspected=names[self._found.suspected[n]],
            score=round(1.0 - float(self._found.quality[n]), 6),
            votes={name: votes[name] for name in names if votes[name]},
            why=self._why(n, document, given, votes),
            known=self._known[document],
        )

    def _why(self, n: int, document: str, given: int, votes: Counter[str]) -> str:
        names, other = self._objective.classes, int(self._found.suspected[n])
        said = f"{votes[names[given]]} of {votes.total()} ratings say {names[given]}"
        scores = [each.score for each in self._ratings[document] if each.score is not None]
        if scores and self._objective.grades is not None:
            said += f", their mean grade is {np.mean(scores):.2f}"
        model = f"{names[given]} {self._seen[n, given]:.0%}, {names[other]} {self._seen[n, other]:.0%}"
        return f"{said}; a model that never saw this document says {model}"
