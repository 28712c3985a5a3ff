"""What is known of labels, in bounded memory: the last revision of each annotation, and which documents there are.

Beyond the limit whole documents are left out, half of those that are left each time, by a hash of their id: what is
measured on the rest is what would be measured on all, with a wider interval.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from towpath.core.objective import Objective
from towpath.preparation.labels.agreement import AgreementSummary, summary
from towpath.preparation.labels.ratings import Rating, ratings_of, revision
from towpath.v1 import Annotation

__all__ = ["Known", "LabelReport"]

_CHUNK = 5000
_MOST_HALVINGS = 30


@dataclass(frozen=True)
class LabelReport:
    """`share` of the documents was looked at, and every count is of that share.

    `annotations` is the number that counts, of which `waiting` are of documents that have not come (None: not known),
    `refused` those that the objective has no use for, by reason.
    """

    objective_hash: str
    share: float
    annotations: int
    withdrawn: int
    refused: dict[str, int]
    waiting: int | None
    agreement: AgreementSummary


class Known:
    """One thread's. A replay changes nothing."""

    def __init__(self, *, max_annotations: int, max_documents: int) -> None:
        self._max_annotations, self._max_documents = max_annotations, max_documents
        # Serialised: a tenth of what messages take.
        self._annotations: dict[str, bytes] = {}
        self._documents: set[int] | None = set()
        self._halvings = 0

    def __len__(self) -> int:
        return len(self._annotations)

    @property
    def share(self) -> float:
        return 0.5**self._halvings

    def annotation(self, given: Annotation) -> None:
        known = self._annotations.get(given.annotation_id)
        if known is None and not self._sampled(given.document_id):
            return
        if known is None or revision(given) > revision(Annotation.FromString(known)):
            self._annotations[given.annotation_id] = given.SerializeToString()
        while len(self._annotations) > self._max_annotations and self._halvings < _MOST_HALVINGS:
            self._halve()

    def document(self, document_id: str) -> None:
        if self._documents is not None and self._sampled(document_id):
            self._documents.add(_hash(document_id))
            if len(self._documents) > self._max_documents:
                self._documents = None

    def report(self, objective: Objective) -> LabelReport:
        """Seconds of work for a hundred thousand annotations."""
        kept: list[Rating] = []
        refused: Counter[str] = Counter()
        for chunk in self._chunks():
            ratings = ratings_of(chunk, objective)
            kept += ratings.kept
            refused.update({why: len(ids) for why, ids in ratings.refused.items()})
        kept.sort(key=lambda r: (r.document_id, r.rater_id, r.created_at, r.annotation_id))
        return LabelReport(
            objective_hash=objective.hash,
            share=self.share,
            annotations=len(kept),
            withdrawn=len(self._annotations) - len(kept) - refused.total(),
            refused=dict(refused),
            waiting=self._waiting(kept),
            agreement=summary(kept, objective),
        )

    def _waiting(self, kept: list[Rating]) -> int | None:
        documents = self._documents
        if documents is None:
            return None
        return sum(_hash(each.document_id) not in documents for each in kept)

    def _chunks(self) -> Iterator[list[Annotation]]:
        every = iter(self._annotations.values())
        while chunk := [Annotation.FromString(each) for each in islice(every, _CHUNK)]:
            yield chunk

    def _sampled(self, document_id: str) -> bool:
        # A withdrawal may not name its document: it is needed where its annotation is, which nobody knows yet.
        return not document_id or _hash(document_id) % 2**self._halvings == 0

    def _halve(self) -> None:
        self._halvings += 1
        self._annotations = {
            identity: kept
            for identity, kept in self._annotations.items()
            if self._sampled(Annotation.FromString(kept).document_id)
        }
        if self._documents is not None:
            self._documents = {each for each in self._documents if each % 2**self._halvings == 0}


def _hash(document_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(document_id.encode(), digest_size=8).digest())
