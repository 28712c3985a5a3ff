"""Documents and annotations that a report is made of: from files, from a snapshot, or from Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from towpath.cli.context import console, installed
from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.ids import annotation_id, document_id
from towpath.core.stream import Codec, read_history
from towpath.v1 import Annotation, ClassLabel, Document

__all__ = ["Material", "read_material"]

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Material:
    """Every revision of each annotation is there: `towpath.preparation.labels.ratings.current` tells which counts."""

    documents: list[Document]
    annotations: list[Annotation]


def read_material(documents: Path | None, annotations: Path | None, snapshot: Path | None) -> Material:
    """From NDJSON files as `towpath ingest` takes them, a snapshot's folder, or, with neither, the Kafka topics.

    Of two files one may be absent: there are no documents, or no annotations, then.

    Raises:
        RejectedError: a line is no such message (`where` is file:line), or both files and a snapshot are given.
        NotFoundError: there is no such file or snapshot.
        RetryableError: Kafka does not answer.
    """
    files = documents is not None or annotations is not None
    if snapshot is not None and files:
        raise RejectedError("give either --snapshot or files of documents and annotations, not both")
    if snapshot is not None:
        return _of_snapshot(snapshot)
    if not files:
        return _of_kafka()
    with console.status("reading"):
        return Material(
            [_with_document_id(each) for each in _lines(documents, Document)],
            [_with_annotation_id(each) for each in _lines(annotations, Annotation)],
        )


def _lines(file: Path | None, kind: type[M]) -> Iterator[M]:
    if file is None:
        return
    if not file.is_file():
        raise NotFoundError("no such file", where=str(file))
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield json_format.ParseDict(json.loads(line), kind())
            except (ValueError, json_format.ParseError, AttributeError) as error:
                raise RejectedError(f"no {kind.__name__}: {error}", where=f"{file}:{number}") from None


def _with_document_id(each: Document) -> Document:
    each.document_id = each.document_id or document_id(each.source, each.text)
    return each


def _with_annotation_id(each: Annotation) -> Annotation:
    case = each.WhichOneof("label")
    if not each.annotation_id and case is not None:
        each.annotation_id = annotation_id(each.document_id, each.rater_id, getattr(each, case))
    return each


def _of_kafka() -> Material:
    here = installed()
    with console.status("reading the topics"), here.broker() as broker:

        def history(name: str, kind: type[Any]) -> list[Any]:
            full = here.registry.full_name(name)
            return list(read_history(broker, Codec(), full, kind, client_id="towpath-material"))

        return Material(history("documents", Document), history("annotations", Annotation))


def _of_snapshot(folder: Path) -> Material:
    import pyarrow.parquet as pq

    if not (folder / "snapshot.json").is_file():
        raise NotFoundError("no snapshot: a folder with snapshot.json is wanted", where=str(folder))
    rows = pq.read_table(folder / "documents.parquet").to_pylist()
    given = pq.read_table(folder / "annotations.parquet").to_pylist()
    return Material([_document(row) for row in rows], [_annotation(row) for row in given])


def _document(row: dict[str, Any]) -> Document:
    text, source, language = (row.get(name) or "" for name in ("text", "source", "language"))
    return Document(document_id=row["document_id"], text=text, source=source, language=language)


def _annotation(row: dict[str, Any]) -> Annotation:
    return Annotation(
        annotation_id=row["annotation_id"],
        document_id=row["document_id"],
        rater_id=row["rater_id"],
        guide_version=row.get("guide_version") or "",
        class_label=ClassLabel(label=row.get("label") or "", score=row.get("score")),
    )
