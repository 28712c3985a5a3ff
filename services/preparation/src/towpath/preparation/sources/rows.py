"""Rows of NDJSON, CSV and Parquet files as the objects that ingestion takes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from towpath.core.errors import RejectedError

__all__ = ["lines_of", "shaped"]

_NUMBERS = ("score",)
_LABEL = ("label", "score")


def lines_of(file: Path, columns: Mapping[str, str]) -> Iterator[bytes]:
    """Each row as a line of JSON, by the file's suffix.

    Args:
        columns: the file's name of a field, by ingestion's name of it.

    Raises:
        RejectedError: a suffix that is not known, or a file that is not what its suffix says.
    """
    suffix = file.suffix.lower()
    if suffix in (".ndjson", ".jsonl", ".json"):
        with file.open("rb") as lines:
            yield from ndjson(lines)
        return
    if suffix not in (".csv", ".tsv", ".parquet"):
        raise RejectedError("only .ndjson, .jsonl, .csv, .tsv and .parquet are read", where=str(file))
    for row in _parquet(file) if suffix == ".parquet" else _csv(file, "\t" if suffix == ".tsv" else ","):
        yield json.dumps(shaped(row, columns), ensure_ascii=False, default=str).encode("utf-8", "replace")


def ndjson(lines: IO[bytes]) -> Iterator[bytes]:
    """As they are: what is wrong with a line is for ingestion to say."""
    for line in lines:
        yield line.rstrip(b"\r\n")


def shaped(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """A flat row as an object: `label` and `score` go into classLabel, `attributes.NAME` into attributes."""
    given = {str(key): value for key, value in row.items() if key is not None and value not in (None, "")}
    for field, name in columns.items():
        if name in given:
            given[field] = given.pop(name)
    made: dict[str, Any] = {}
    for name, value in given.items():
        if name in _LABEL:
            made.setdefault("classLabel", {})[name] = _number(value) if name in _NUMBERS else value
        elif name.startswith("attributes."):
            made.setdefault("attributes", {})[name.removeprefix("attributes.")] = str(value)
        else:
            made[name] = value
    return made


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value  # ingestion names the line and the field


def _csv(file: Path, delimiter: str) -> Iterator[Mapping[str, Any]]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        try:
            yield from csv.DictReader(text, delimiter=delimiter)
        except csv.Error as error:
            raise RejectedError(f"not CSV: {error}", where=str(file)) from None


def _parquet(file: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(file).iter_batches(batch_size=1000):
            yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise RejectedError(f"not Parquet: {error}", where=str(file)) from None
