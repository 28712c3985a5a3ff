"""A snapshot that grows by messages, at the price of what changed.

In whatever portions messages arrive, what comes out is the same: of a document the first message counts, of an
annotation the last revision. What an arrival touches is looked up in chunks, taken out of the tally as it was, and put
in as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from towpath.core.store import digest_of
from towpath.pipelines.snapshots import chunks
from towpath.pipelines.snapshots.content import identity
from towpath.pipelines.snapshots.cut import Cut
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.lookup import Lookup, Part
from towpath.pipelines.snapshots.manifest import KINDS, Chunk, Kind, Manifest
from towpath.pipelines.snapshots.tally import Reading, Tally
from towpath.preparation.labels.ratings import current, revision
from towpath.v1 import Annotation, Document

__all__ = ["Growth", "alike", "everything", "whole"]

_MOST_ROWS = 1_000_000


class Growth:
    """Begins with `parent`, or with nothing; what is `forgotten` (`digest_of`) stays out.

    Raises:
        CrashError: a chunk was changed. RetryableError: the store is away. So do all methods.
    """

    def __init__(
        self, depot: Depot, reading: Reading, parent: Manifest | None = None, forgotten: Iterable[str] = ()
    ) -> None:
        self._depot, self._reading, self._begin = depot, reading, parent
        self._forgotten = frozenset(forgotten)
        self._made: set[str] = set()
        self._chunks: dict[Kind, list[Chunk]] = {"documents": [], "annotations": []}
        self._tally = Tally()
        if parent is not None:
            self._chunks = {"documents": list(parent.documents), "annotations": list(parent.annotations)}
            self._tally = Tally.of(parent) if alike(parent, reading) else whole(depot, parent, reading)

    def take(self, documents: Iterable[Document], annotations: Iterable[Annotation]) -> None:
        """More messages, in the order in which they arrived."""
        kept = self._lookup()
        new = self._new_documents(documents, kept)
        words, replaced = self._new_words(annotations, kept)
        touched = {*new, *(each.document_id for each in words), *(each.document_id for each in replaced)} - {""}
        before = kept.part(touched)
        self._tally.remove(before, self._reading)
        self._tally.add(before.after(new, words, touched), self._reading)
        self._append("documents", list(new.values()))
        self._append("annotations", words)

    def manifest(self, cut: Cut, prefix: str, parent: str = "", gaps: Iterable[str] = ()) -> Manifest:
        """What it has grown to, which is all that was before the ends of `cut`."""
        tally, begin = self._tally, self._begin
        return Manifest(
            id=identity(tally.content),
            as_of=cut.as_of,
            prefix=prefix,
            topics=cut.topics,
            offsets=cut.ends,
            dated=self._reading.dated,
            objective=self._reading.hash,
            documents=tuple(self._chunks["documents"]),
            annotations=tuple(self._chunks["annotations"]),
            document_count=tally.documents,
            annotation_count=tally.annotations,
            held=sum(each.rows for each in self._chunks["documents"]) - tally.documents,
            raters=dict(sorted((+tally.raters).items())),
            classes=dict(sorted((+tally.classes).items())),
            state=tally.content.text,
            parent=parent,
            gaps=(*(begin.gaps if begin is not None else ()), *gaps),
        )

    def tidy(self, *, all_of_it: bool = False) -> None:
        """Take away chunks that became part of others on the way, or all that were made."""
        kept = set() if all_of_it else {each.sha256 for kind in KINDS for each in self._chunks[kind]}
        for sha256 in self._made - kept:
            (self._depot.cache / f"{sha256}.parquet").unlink(missing_ok=True)
        self._made &= kept

    # ------------------------------------------------------------------
    def _lookup(self) -> Lookup:
        return Lookup(*([self._depot.file(each) for each in self._chunks[kind]] for kind in KINDS))

    def _new_documents(self, documents: Iterable[Document], kept: Lookup) -> dict[str, Document]:
        first: dict[str, Document] = {}
        for each in documents:
            if not self._is_forgotten(each.document_id):
                first.setdefault(each.document_id, each)
        known = kept.documents_of(first)
        return {key: each for key, each in first.items() if key not in known}

    def _new_words(self, annotations: Iterable[Annotation], kept: Lookup) -> tuple[list[Annotation], list[Annotation]]:
        """(revisions that count now, those that they take the place of)."""
        last: dict[str, Annotation] = {}
        for each in annotations:
            known = last.get(each.annotation_id)
            if not self._is_forgotten(each.document_id) and (known is None or revision(each) > revision(known)):
                last[each.annotation_id] = each
        before = kept.words_of(last)
        new = [each for key, each in last.items() if key not in before or revision(each) > revision(before[key])]
        return new, [before[each.annotation_id] for each in new if each.annotation_id in before]

    def _is_forgotten(self, document_id: str) -> bool:
        return bool(self._forgotten) and digest_of(document_id) in self._forgotten

    def _append(self, kind: Kind, messages: list[Document] | list[Annotation]) -> None:
        """A chunk more; small ones at the end become one, so that their number grows as a logarithm does."""
        if not messages:
            return
        held, folder = self._chunks[kind], self._depot.cache
        held.append(self._written(chunks.table_of(kind, messages), folder))
        while len(held) > 1 and held[-2].rows < 2 * held[-1].rows and held[-2].rows + held[-1].rows <= _MOST_ROWS:
            newer, older = held.pop(), held.pop()
            both = chunks.merged(kind, self._depot.file(older), self._depot.file(newer))
            held.append(self._written(both, folder))

    def _written(self, table: pa.Table, folder: Path) -> Chunk:
        there = {each.name for each in folder.glob("*.parquet")} if folder.is_dir() else set()
        chunk = chunks.write(table, folder)
        if f"{chunk.sha256}.parquet" not in there:
            self._made.add(chunk.sha256)
        return chunk


def alike(manifest: Manifest, reading: Reading) -> bool:
    """Whether it counts what `reading` would; what is no longer whole has to be counted again."""
    return (manifest.dated, manifest.objective, manifest.forgotten) == (reading.dated, reading.hash, ())


def whole(depot: Depot, manifest: Manifest, reading: Reading) -> Tally:
    """The tally of all of it, read anew."""
    tally = Tally()
    tally.add(everything(depot, manifest), reading)
    return tally


def everything(depot: Depot, manifest: Manifest) -> Part:
    """All documents, and all annotations that count. As large as the snapshot.

    Raises:
        CrashError: a chunk was changed. RetryableError: the store is away.
    """
    documents: dict[str, Document] = {}
    words: dict[str, bytes] = {}
    for file in depot.files(manifest, "documents"):
        documents.update((key, Document.FromString(data)) for key, _, data in chunks.rows_of(chunks.read(file)))
    for file in depot.files(manifest, "annotations"):
        words.update((key, data) for key, _, data in chunks.rows_of(chunks.read(file)))
    return Part(documents, {each.annotation_id: each for each in current(map(Annotation.FromString, words.values()))})
