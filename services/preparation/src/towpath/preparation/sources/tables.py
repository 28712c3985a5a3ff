"""Rows of CSV, TSV and Parquet files. What cannot be a row is refused by its line, and the next one is read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from towpath.core.errors import RejectedError
from towpath.preparation.sources.item import Item, Reading, undecodable
from towpath.preparation.sources.shaping import check_columns, line_of, of_row

__all__ = ["parquet_items", "table_items"]

_MAX_FIELD_CHARS = 1_000_000
_LEFT_OUT = "-"


class _Lines:
    """Passes lines on, and remembers those since it was last asked."""

    def __init__(self, lines: Iterator[str], codec: str) -> None:
        self._lines, self._codec = lines, codec.removesuffix("-sig")
        self._passed: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._passed.append(line)
            yield line

    def taken(self) -> bytes:
        text = "".join(self._passed).rstrip("\r\n")
        self._passed.clear()
        return text.encode(self._codec, "surrogateescape")


def table_items(file: Path, name: str, reading: Reading, delimiter: str) -> Iterator[Item]:
    """Raises RejectedError for a header that lacks what is wanted, and where the file is no table any more."""
    quoted = reading.quoted if reading.quoted is not None else delimiter == ","
    with file.open(encoding=reading.codec, errors="surrogateescape", newline="" if quoted else "\n") as text:
        try:
            if quoted:
                csv.field_size_limit(_MAX_FIELD_CHARS)
                yield from _items(_quoted(text, delimiter, reading), name, reading)
            else:
                yield from _items(_bare(text, delimiter, reading), name, reading)
        except UnicodeError as error:
            raise RejectedError(f"not {reading.encoding}: {error}; give --encoding", where=name) from None


Rows = Iterator[tuple[int, list[str], bytes]]


def _quoted(text: IO[str], delimiter: str, reading: Reading) -> Rows:
    lines = _Lines(text, reading.codec)
    rows, begin = csv.reader(iter(lines), delimiter=delimiter, strict=False), 1
    try:
        for row in rows:
            yield begin, row, lines.taken()
            begin = rows.line_num + 1
    except csv.Error as error:
        raise RejectedError(
            f"line {begin}: no table from here on: {error}; a quote that is never closed? "
            "--no-quotes takes quotes for characters"
        ) from None


def _bare(text: IO[str], delimiter: str, reading: Reading) -> Rows:
    for number, line in enumerate(text, start=1):
        plain = line.rstrip("\r\n")
        yield number, plain.split(delimiter), plain.encode(reading.codec.removesuffix("-sig"), "surrogateescape")


def _items(rows: Rows, name: str, reading: Reading) -> Iterator[Item]:
    header = list(reading.header)
    try:
        for line, row, original in rows:
            if not any(row):
                continue
            if not header:
                header = row
                check_columns(header, reading, name)
                continue
            yield _item(name, line, row, original, header, reading)
    except RejectedError as error:
        raise error if error.where else RejectedError(str(error), where=name) from None


def _item(name: str, line: int, row: Sequence[str], original: bytes, header: Sequence[str], reading: Reading) -> Item:
    try:
        named = _named(row, header, reading)
        return Item(name, line, line_of(of_row(named, reading)), original)
    except RejectedError as error:
        return Item(name, line, None, original, str(error))


def _named(row: Sequence[str], header: Sequence[str], reading: Reading) -> dict[str, str]:
    """Raises RejectedError for a row that is longer than the header, or not in the encoding."""
    if any(row[len(header) :]):
        raise RejectedError(f"{len(row)} columns, {len(header)} are named")
    for column, value in zip(header, row, strict=False):
        if (why := undecodable(value, reading.encoding)) is not None:
            raise RejectedError(why, where=column)
    return {key: value for key, value in zip(header, row, strict=False) if key != _LEFT_OUT}


def parquet_items(file: Path, name: str, reading: Reading) -> Iterator[Item]:
    """Lines are rows here. Raises RejectedError when it is no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        check_columns(table.schema_arrow.names, reading, name)
        number = 0
        for batch in table.iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                number += 1
                yield _parquet_item(name, number, row, reading)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RejectedError(f"not Parquet: {error}", where=name) from None


def _parquet_item(name: str, number: int, row: Mapping[str, Any], reading: Reading) -> Item:
    original = json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace")
    try:
        return Item(name, number, line_of(of_row(row, reading)), original)
    except RejectedError as error:
        return Item(name, number, None, original, str(error))
