"""Rows of a Parquet file, row group by row group, with no more of it in memory than is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from towpath.core.errors import RejectedError
from towpath.preparation.sources import Reading

__all__ = ["parquet_rows"]

_BATCH = 1024
_IDS = ("documentId", "document_id")
_DAMAGED: tuple[type[Exception], ...] = (pa.ArrowException, OSError)


def parquet_rows(file: Path, name: str, reading: Reading) -> Iterator[dict[str, Any]]:
    """Each row as {documentId, text, source}, as far as the file has these columns.

    Raises:
        RejectedError: it is no Parquet, has no column of texts, or a row group is damaged; says which.
    """
    try:
        table = pq.ParquetFile(file, page_checksum_verification=True)
    except _DAMAGED as error:
        raise RejectedError(f"not Parquet, or cut off: {str(error)[:200]}", where=name) from None
    with table:
        chosen = _chosen(table.schema_arrow, name, reading)
        constants = {key: value for key, value in reading.constants.items() if key not in chosen}
        begin = 1
        for group in range(table.num_row_groups):
            rows = table.metadata.row_group(group).num_rows
            with _told(f"{name}: row group {group} of {table.num_row_groups} (rows {begin} to {begin + rows - 1})"):
                for batch in table.iter_batches(_BATCH, row_groups=[group], columns=list(chosen.values())):
                    yield from _rows(batch, chosen, constants)
            begin += rows


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise RejectedError(
            f"damaged: {str(error)[:200]}; write the file again, or predict over the others", where=where
        ) from None


def _rows(batch: pa.RecordBatch, chosen: dict[str, str], constants: dict[str, Any]) -> Iterator[dict[str, Any]]:
    columns = [batch.column(name).to_pylist() for name in chosen.values()]
    for values in zip(*columns, strict=True):
        yield {**constants, **dict(zip(chosen, values, strict=True))}


def _chosen(schema: pa.Schema, name: str, reading: Reading) -> dict[str, str]:
    """The file's names of the columns that are read, by field."""
    told = {"text": "text", "source": "source", **reading.columns}
    told.setdefault("documentId", next((each for each in _IDS if each in schema.names), _IDS[0]))
    named = {field: told[field] for field in ("documentId", "text", "source")}
    for field, column in named.items():
        if column not in schema.names and (field == "text" or field in reading.columns):
            there = ", ".join(schema.names[:20])
            raise RejectedError(f"no column {column!r}; there are {there}: name it with --column text=NAME", where=name)
    kind = schema.field(named["text"]).type
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)):
        raise RejectedError(f"the column {named['text']!r} has {kind}, not texts", where=name)
    return {field: column for field, column in named.items() if column in schema.names}
