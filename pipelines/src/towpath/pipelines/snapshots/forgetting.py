"""Forgetting a document: its messages go out of every chunk, and manifests say so.

What is to be forgotten is written down first, so no snapshot that is made from then on has it. The rest can be done
again from its start, whenever it was interrupted: each step looks for what still has the document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from towpath.core.store import digest_of
from towpath.pipelines.snapshots import chunks
from towpath.pipelines.snapshots.depot import CHUNKS, Depot
from towpath.pipelines.snapshots.lookup import Lookup
from towpath.pipelines.snapshots.manifest import KINDS, Chunk, Forgotten, Kind, Manifest
from towpath.pipelines.snapshots.tally import Reading, Tally

__all__ = ["Rewriting", "holding", "purge_chunks"]


@dataclass(frozen=True)
class Rewriting:
    """`manifests` and `chunks`: how many were written anew."""

    manifests: int
    chunks: int


def holding(depot: Depot, document_id: str) -> list[Manifest]:
    """The manifests whose chunks have anything of the document, or had until it was forgotten; the newest first.

    Raises:
        CrashError: a manifest or chunk was changed. RetryableError: the store is away.
    """
    known: dict[str, bool] = {}

    def has(chunk: Chunk) -> bool:
        if chunk.sha256 not in known:
            known[chunk.sha256] = chunks.holds(depot.file(chunk), document_id)
        return known[chunk.sha256]

    named = digest_of(document_id)
    return [
        each
        for each in depot.manifests()
        if any(map(has, each.chunks)) or any(told.document == named for told in each.forgotten)
    ]


def purge_chunks(depot: Depot, document_id: str, at: datetime, tell: Callable[[str, int, int], None]) -> Rewriting:
    """Write anew every chunk that has the document, and every manifest that names such a chunk; then the old ones go.

    Raises:
        CrashError: a manifest or chunk was changed. RetryableError: the store is away.
    """
    _fetch(depot, tell)
    old = [file for file in sorted(depot.cache.glob("*.parquet")) if chunks.holds(file, document_id)]
    new = {file.stem: _without(file, document_id, depot) for file in old}
    concerned = [each for each in depot.manifests() if any(chunk.sha256 in new for chunk in each.chunks)]
    for done, manifest in enumerate(concerned):
        tell("rewriting snapshots", done, len(concerned))
        rest = _rest(depot, manifest, document_id, new, at)
        depot.put(rest, lambda *_: None)
    for file in old:
        depot.store.remove(f"{CHUNKS}/{file.name}")
        file.unlink(missing_ok=True)
    return Rewriting(len(concerned), len(old))


def _fetch(depot: Depot, tell: Callable[[str, int, int], None]) -> None:
    """All chunks of the store here, also those that no manifest names."""
    names = [name for name in depot.store.names(CHUNKS) if name.endswith(".parquet")]
    for done, name in enumerate(names):
        tell("looking through chunks", done, len(names))
        if not (depot.cache / name).is_file():
            depot.store.get_file(f"{CHUNKS}/{name}", depot.cache / name, max_bytes=2**40)


def _without(file: Path, document_id: str, depot: Depot) -> Chunk | None:
    """The chunk that takes its place; None where nothing is left."""
    left: pa.Table = chunks.without(file, document_id)
    return chunks.write(left, depot.cache) if left.num_rows else None


def _rest(depot: Depot, manifest: Manifest, document_id: str, new: dict[str, Chunk | None], at: datetime) -> Manifest:
    lookup = Lookup(*(depot.files(manifest, kind) for kind in KINDS))
    tally = Tally.of(manifest)
    tally.remove(lookup.part({document_id}), Reading(manifest.dated))
    left: dict[Kind, tuple[Chunk, ...]] = {}
    for kind in KINDS:
        written = (new.get(each.sha256, each) for each in getattr(manifest, kind))
        left[kind] = tuple(each for each in written if each is not None)
    return manifest.changed(
        **left,
        document_count=tally.documents,
        annotation_count=tally.annotations,
        held=sum(each.rows for each in left["documents"]) - tally.documents,
        raters=dict(sorted((+tally.raters).items())),
        # Whose classes they are may not be known here: these are told as they were, of all documents.
        classes=manifest.classes if manifest.objective else dict(sorted((+tally.classes).items())),
        state=tally.content.text,
        forgotten=(*manifest.forgotten, Forgotten(document=digest_of(document_id), at=at)),
    )
