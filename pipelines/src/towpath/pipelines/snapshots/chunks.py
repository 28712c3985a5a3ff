"""Chunks: messages as Parquet, sorted by id, in files named by their SHA-256.

A message is kept as protobuf, whole, beside the ids that it is looked up by.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from towpath.core.errors import CrashError
from towpath.pipelines.snapshots.manifest import Chunk, Kind
from towpath.v1 import Annotation, Document

__all__ = ["ID", "found", "holds", "merged", "read", "rows_of", "sha256_of", "table_of", "without", "write"]

ID: dict[Kind, str] = {"documents": "document_id", "annotations": "annotation_id"}
_SCHEMAS: dict[Kind, pa.Schema] = {
    "documents": pa.schema([("document_id", pa.string()), ("message", pa.binary())]),
    "annotations": pa.schema([("annotation_id", pa.string()), ("document_id", pa.string()), ("message", pa.binary())]),
}


def table_of(kind: Kind, messages: Iterable[Document | Annotation]) -> pa.Table:
    """One row a message, sorted by its id."""
    schema = _SCHEMAS[kind]
    ids = [name for name in schema.names if name != "message"]
    ordered = sorted(messages, key=lambda each: str(getattr(each, ID[kind])))
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in ordered] for name in ids}
    columns["message"] = [each.SerializeToString(deterministic=True) for each in ordered]
    return pa.Table.from_pydict(columns, schema=schema)


def write(table: pa.Table, folder: Path) -> Chunk:
    """The chunk's file below `folder`, whole or not at all; one that is there stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{uuid.uuid4().hex[:12]}.part"
    try:
        pq.write_table(table, part, compression="zstd", version="2.6", write_statistics=False)
        made = Chunk(sha256=sha256_of(part), rows=table.num_rows, bytes=part.stat().st_size)
        part.replace(folder / f"{made.sha256}.parquet")
    finally:
        part.unlink(missing_ok=True)
    return made


def sha256_of(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def merged(kind: Kind, older: Path, newer: Path) -> pa.Table:
    """Both as one: on an annotation, the newer one's word."""
    one, other = read(older), read(newer)
    kept = one.filter(pc.invert(pc.is_in(one[ID[kind]], value_set=other[ID[kind]])))
    return pa.concat_tables([kept, other]).sort_by(ID[kind]).combine_chunks()


def found(tables: Iterable[pa.Table], column: str, ids: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """(first id, document id, message) of each row whose `column` is among `ids`; of earlier tables first."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    for table in tables if len(wanted) else ():
        yield from rows_of(table.filter(pc.is_in(table[column], value_set=wanted)))


def rows_of(table: pa.Table) -> Iterator[tuple[str, str, bytes]]:
    """(first id, document id, message) of each row."""
    names = (table.column_names[0], "document_id", "message")
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def holds(file: Path, document_id: str) -> bool:
    """Whether anything in it is of the document."""
    return bool(pc.any(pc.equal(read(file, ["document_id"])["document_id"], document_id)).as_py())


def without(file: Path, document_id: str) -> pa.Table:
    """What is left of a chunk: an annotation's later words go too, that need not name the document."""
    table = read(file)
    gone = pc.equal(table["document_id"], document_id)
    key = table.column_names[0]
    return table.filter(pc.invert(pc.is_in(table[key], value_set=table.filter(gone)[key])))


def read(file: Path, columns: list[str] | None = None) -> pa.Table:
    """Raises CrashError when it is no chunk."""
    try:
        return pq.read_table(file, columns=columns, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise CrashError(f"{file}: is no chunk of a snapshot: {str(error)[:300]}") from error
