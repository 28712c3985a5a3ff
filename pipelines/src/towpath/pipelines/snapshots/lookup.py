"""Looking messages up in chunks: of what is asked for nothing but ids is read of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from towpath.pipelines.snapshots.chunks import found
from towpath.v1 import Annotation, Document

__all__ = ["Lookup", "Part"]


@dataclass(frozen=True)
class Part:
    """Documents by id, and the annotations that count of them: last revisions by id that nobody took back."""

    documents: dict[str, Document] = field(default_factory=dict)
    words: dict[str, Annotation] = field(default_factory=dict)

    def after(self, documents: dict[str, Document], words: Iterable[Annotation], touched: set[str]) -> Part:
        """What becomes of it when these arrive."""
        changed = {each.annotation_id: each for each in words}
        kept = {key: each for key, each in {**self.words, **changed}.items() if _counts(each, touched)}
        return Part({**self.documents, **documents}, kept)


@dataclass(frozen=True)
class Lookup:
    """`documents` and `annotations`: files of chunks, older first."""

    documents: Sequence[Path]
    annotations: Sequence[Path]

    def part(self, document_ids: set[str]) -> Part:
        """Those documents, and what raters say of them."""
        return Part(self.documents_of(document_ids), self._words_on(document_ids))

    def documents_of(self, ids: Iterable[str]) -> dict[str, Document]:
        rows = found(self.documents, "document_id", ids)
        return {key: Document.FromString(message) for key, _, message in rows}

    def words_of(self, annotation_ids: Iterable[str]) -> dict[str, Annotation]:
        """The last revision of each, also of one that was taken back."""
        last = {key: message for key, _, message in found(self.annotations, "annotation_id", annotation_ids)}
        return {key: Annotation.FromString(message) for key, message in last.items()}

    def _words_on(self, document_ids: set[str]) -> dict[str, Annotation]:
        # A later revision may be of another document, or name none.
        ids = {key for key, _, _ in found(self.annotations, "document_id", document_ids)}
        return {key: each for key, each in self.words_of(ids).items() if _counts(each, document_ids)}


def _counts(each: Annotation, document_ids: set[str]) -> bool:
    return not each.deleted and each.document_id in document_ids
