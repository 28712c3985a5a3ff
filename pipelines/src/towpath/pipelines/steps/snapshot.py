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

from towpath.core.errors import CrashError
from towpath.preparation.labels.ratings import current
from towpath.v1 import Annotation, Document

__all__ = ["Snapshot", "load_snapshot", "write_snapshot"]

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
    labels = _annotation_rows(annotations)
    wanted = {row["document_id"] for row in labels}
    rows = _document_rows((document for document in documents if document.document_id in wanted), dated=dated)
    present = {row["document_id"] for row in rows}
    labels = [row for row in labels if row["document_id"] in present]
    identity = "sha256:" + _digest([*rows, *labels])
    folder = home / identity.removeprefix("sha256:")[:32]
    if not (folder / "snapshot.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(rows, _DATED if dated else _DOCUMENTS, folder / "documents.parquet")
        _write(labels, _ANNOTATIONS, folder / "annotations.parquet")
        # So that lineage can ask what is in a snapshot without reading Parquet.
        listed = "".join(f"{row['annotation_id']}\n" for row in labels)
        (folder / "annotations.txt").write_text(listed, encoding="utf-8")
        about = {"id": identity, "documents": len(rows), "annotations": len(labels)}
        (folder / "snapshot.json").write_text(json.dumps(about, indent=1))
    return Snapshot(identity, folder, rows, labels)


def load_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot.

    Raises:
        CrashError: its content is not what its id says.
    """
    identity = json.loads((folder / "snapshot.json").read_text())["id"]
    documents = pq.read_table(folder / "documents.parquet").to_pylist()
    annotations = pq.read_table(folder / "annotations.parquet").to_pylist()
    if "sha256:" + _digest([*documents, *annotations]) != identity:
        raise CrashError(f"{folder}: the snapshot's content does not match its id {identity}")
    return Snapshot(identity, folder, documents, annotations)


def _document_rows(documents: Iterable[Document], *, dated: bool) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for each in documents:
        row: dict[str, Any] = {
            "document_id": each.document_id,
            "text": each.text,
            "source": each.source,
            "language": each.language,
        }
        if dated:
            row["made_at"] = each.created_at.ToNanoseconds() / 1e9 if each.HasField("created_at") else None
        rows.setdefault(each.document_id, row)
    return [rows[key] for key in sorted(rows)]


def _annotation_rows(annotations: Iterable[Annotation]) -> list[dict[str, Any]]:
    rows = []
    for each in current(annotations):
        label = each.class_label
        row = {
            "annotation_id": each.annotation_id,
            "document_id": each.document_id,
            "rater_id": each.rater_id,
            "label": label.label or None,
            "score": label.score if label.HasField("score") else None,
            "guide_version": each.guide_version,
        }
        rows.append(row)
    return rows


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
