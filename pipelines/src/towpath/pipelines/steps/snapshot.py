"""Documents and annotations as a snapshot: Parquet addressed by its content.

Only documents that somebody annotated are kept, each id once (the first that arrived). Of an annotation the last
revision counts, and none that was taken back. When a message arrived is not part of the content, so a replay gives the
same snapshot. When a document was made is part of it where training asks for that (`dated`), else not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from towpath.core.errors import ConflictError, CrashError
from towpath.pipelines.snapshots.content import annotation_row, document_row, elements, identity
from towpath.pipelines.snapshots.multiset import Multiset
from towpath.preparation.labels.ratings import current
from towpath.v1 import Annotation, Document

__all__ = ["Snapshot", "load_snapshot", "state_of", "write_snapshot"]

_FORMAT = 2
_ABOUT = "snapshot.json"
_DOCUMENTS = pa.schema([(name, pa.string()) for name in ("document_id", "text", "source", "language")])
_DATED = _DOCUMENTS.append(pa.field("made_at", pa.float64()))
_ANNOTATIONS = pa.schema(
    [(name, pa.string()) for name in ("annotation_id", "document_id", "rater_id", "label")]
    + [("score", pa.float64()), ("guide_version", pa.string())]
)


@dataclass(frozen=True)
class Snapshot:
    """`documents` and `annotations` as rows, sorted by id. `id` is "sha256:…" of the content.

    Documents of a dated snapshot have `made_at` in seconds since the epoch, None where nobody said it.
    """

    id: str
    path: Path
    documents: list[dict[str, Any]]
    annotations: list[dict[str, Any]]


def write_snapshot(
    documents: Iterable[Document], annotations: Iterable[Annotation], home: Path, *, dated: bool = False
) -> Snapshot:
    """Write the snapshot below `home`, unless it is there."""
    labels = [annotation_row(each) for each in current(annotations)]
    wanted = {row["document_id"] for row in labels}
    rows = _document_rows((document for document in documents if document.document_id in wanted), dated=dated)
    present = {row["document_id"] for row in rows}
    labels = [row for row in labels if row["document_id"] in present]
    named = identity(Multiset.of(elements(rows, labels)))
    folder = home / named.removeprefix("sha256:")[:32]
    if not (folder / _ABOUT).exists():
        _write_folder(folder, rows, labels, {"format": _FORMAT, "id": named}, dated=dated)
    return Snapshot(named, folder, rows, labels)


def load_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot.

    Raises:
        ConflictError: a document of it was forgotten; says which, and when.
        CrashError: its content is not what its id says, or a file of it cannot be read; names it.
    """
    about, documents, annotations = _read(folder)
    if told := about.get("forgotten"):
        first = told[0]
        more = f" and {len(told) - 1} more" if len(told) > 1 else ""
        raise ConflictError(
            f"{folder}: the document {first['document']}{more} was forgotten on {first['at'][:10]}, so the snapshot "
            f"{about['id']} is no longer whole: make another (towpath data snapshot)"
        )
    if _identity_of(about, documents, annotations) != about["id"]:
        raise CrashError(f"{folder}: the snapshot's content does not match its id {about['id']}")
    return Snapshot(about["id"], folder, documents, annotations)


def state_of(folder: Path) -> tuple[int, ...]:
    """Of a snapshot's files: another when one of them was written anew, as forgetting a document does.

    Raises:
        CrashError: one is not there; names it.
    """
    state: list[int] = []
    for name in (_ABOUT, "documents.parquet", "annotations.parquet"):
        try:
            found = (folder / name).stat()
        except OSError as error:
            raise CrashError(f"{folder / name}: cannot be read: {error}") from error
        state += [found.st_ino, found.st_size, found.st_mtime_ns]
    return tuple(state)


def _read(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    file = folder / _ABOUT
    try:
        about: dict[str, Any] = json.loads(file.read_text())
        documents = pq.read_table(file := folder / "documents.parquet").to_pylist()
        annotations = pq.read_table(file := folder / "annotations.parquet").to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CrashError(f"{file}: cannot be read: {str(error)[:300]}") from error
    return about, documents, annotations


def _identity_of(about: dict[str, Any], documents: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> str:
    if "format" not in about:  # of before ids could be had from the one before
        return "sha256:" + _digest([*documents, *annotations])
    return identity(Multiset.of(elements(documents, annotations)))


def _document_rows(documents: Iterable[Document], *, dated: bool) -> list[dict[str, Any]]:
    first: dict[str, Document] = {}
    for each in documents:
        first.setdefault(each.document_id, each)
    return [document_row(first[key], dated=dated) for key in sorted(first)]


def _write_folder(
    folder: Path,
    rows: list[dict[str, Any]],
    labels: list[dict[str, Any]],
    about: dict[str, Any],
    *,
    dated: bool,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write(rows, _DATED if dated else _DOCUMENTS, folder / "documents.parquet")
    _write(labels, _ANNOTATIONS, folder / "annotations.parquet")
    # So that lineage can ask what is in a snapshot without reading Parquet.
    listed = "".join(f"{row['annotation_id']}\n" for row in labels)
    (folder / "annotations.txt").write_text(listed, encoding="utf-8")
    counted = {**about, "documents": len(rows), "annotations": len(labels)}
    part = folder / f"{_ABOUT}.part"
    part.write_text(json.dumps(counted, indent=1))
    part.replace(folder / _ABOUT)


def _digest(rows: list[dict[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        if not row.get("guide_version"):
            # Snapshots of before there were versions lack the column: their ids hold.
            row = {name: value for name, value in row.items() if name != "guide_version"}
        digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def _write(rows: list[dict[str, Any]], schema: pa.Schema, file: Path) -> None:
    table = pa.Table.from_pylist(rows, schema=schema)
    part = file.with_suffix(".part")
    pq.write_table(table, part, compression="zstd", version="2.6", write_statistics=False)
    part.replace(file)
