"""Looking messages up in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from towpath.pipelines.snapshots.chunks import found, read
from towpath.v1 import Annotation, Document

__all__ = ["Lookup", "Part"]

_MOST_KEPT = 2_000_000


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


@dataclass
class Lookup:
    """`documents` and `annotations`: files of chunks, older first. Few rows are kept in memory, many are read again."""

    documents: Sequence[Path]
    annotations: Sequence[Path]
    _kept: dict[Path, pa.Table] = field(default_factory=dict, init=False)

    def part(self, document_ids: set[str]) -> Part:
        """Those documents, and what raters say of them."""
        return Part(self.documents_of(document_ids), self._words_on(document_ids))

    def documents_of(self, ids: Iterable[str]) -> dict[str, Document]:
        rows = found(self._tables(self.documents), "document_id", ids)
        return {key: Document.FromString(message) for key, _, message in rows}

    def words_of(self, annotation_ids: Iterable[str]) -> dict[str, Annotation]:
        """The last revision of each, also of one that was taken back."""
        rows = found(self._tables(self.annotations), "annotation_id", annotation_ids)
        last = {key: message for key, _, message in rows}
        return {key: Annotation.FromString(message) for key, message in last.items()}

    def _words_on(self, document_ids: set[str]) -> dict[str, Annotation]:
        # A later revision may be of another document, or name none.
        ids = {key for key, _, _ in found(self._tables(self.annotations), "document_id", document_ids)}
        return {key: each for key, each in self.words_of(ids).items() if _counts(each, document_ids)}

    def _tables(self, files: Sequence[Path]) -> Iterator[pa.Table]:
        for file in files:
            table = self._kept.get(file)
            if table is None:
                table = read(file)
                if table.num_rows + sum(each.num_rows for each in self._kept.values()) <= _MOST_KEPT:
                    self._kept[file] = table
            yield table


def _counts(each: Annotation, document_ids: set[str]) -> bool:
    return not each.deleted and each.document_id in document_ids
