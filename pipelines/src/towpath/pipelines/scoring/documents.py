"""Rows of a source as documents, or the reason why one is none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from towpath.core.ids import document_id
from towpath.core.service import StoreSettings
from towpath.pipelines.scoring.parquet import parquet_rows
from towpath.preparation.sources import Item, Reading, Source, open_source

__all__ = ["MAX_CHARS", "Refusal", "Row", "checked", "documents_of", "open_documents"]

# As serving's limit: what the stream would not predict is not predicted here.
MAX_CHARS = 100_000
_MAX_ID_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A document, and where it stood. `line` counts rows in a table, from 1 on."""

    document_id: str
    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that no prediction is made for, and why."""

    file: str
    line: int
    reason: str

    def to_json(self) -> str:
        return json.dumps({"file": self.file, "line": self.line, "reason": self.reason})


def open_documents(place: str, reading: Reading, store: StoreSettings) -> Source:
    """A file, a folder, s3://bucket/prefix, or the folder of a snapshot, of which the documents are read.

    Raises:
        RejectedError: it is none of these (NotFoundError), or of a kind that is not read.
        RetryableError: the bucket is away.
    """
    # Columns that are no field's are no reason to refuse a table here.
    found = open_source(place, replace(reading, kind="documents", keep_columns=True), store)
    names = {each.name for each in found.files}
    if {"snapshot.json", "documents.parquet"} <= names:
        return replace(found, files=tuple(each for each in found.files if each.name == "documents.parquet"))
    return found


def documents_of(source: Source) -> Iterator[Row | Refusal]:
    """Every row, in order.

    Raises:
        RejectedError: a file is damaged, or not what its name says; names file and row group.
        RetryableError: the bucket is away.
    """
    for found in source.files:
        if found.refused:
            yield Refusal(found.name, 1, found.refused)
        elif found.name.lower().endswith(".parquet"):
            with found.fetch() as file:
                for line, given in enumerate(parquet_rows(file, found.name, source.reading), start=1):
                    yield checked(given, found.name, line)
        else:
            for item in source.items_of(found):
                yield _of_item(item)


def checked(given: Mapping[str, Any], file: str, line: int, *, max_chars: int = MAX_CHARS) -> Row | Refusal:
    """The document that `given` (documentId, text, source) says, or why it says none."""
    text, identity = given.get("text"), given.get("documentId")
    if not isinstance(text, str):
        return Refusal(file, line, "text: is missing (--column text=NAME says which column has it)")
    if not text.strip():
        return Refusal(file, line, "text: is blank")
    if len(text) > max_chars:
        return Refusal(file, line, f"text: {len(text)} characters, at most {max_chars} are predicted")
    told = document_id(str(given.get("source") or ""), text) if identity in (None, "") else str(identity)
    if len(told) > _MAX_ID_CHARS:
        return Refusal(file, line, f"documentId: {len(told)} characters, at most {_MAX_ID_CHARS} are taken")
    try:
        (told + text).encode("utf-8")
    except UnicodeEncodeError as error:
        return Refusal(file, line, f"half a character (\\u{ord((told + text)[error.start]):04x})")
    return Row(told, text, file, line)


def _of_item(item: Item) -> Row | Refusal:
    if item.data is None:
        return Refusal(item.file, item.line, item.refused)
    try:
        given = json.loads(item.data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return Refusal(item.file, item.line, f"not JSON: {str(error)[:200]}")
    if not isinstance(given, dict):
        return Refusal(item.file, item.line, "no JSON object")
    attributes = given.get("attributes")
    if "documentId" not in given:
        # As tables of predictions, snapshots and Python call it.
        other = attributes.get("document_id") if isinstance(attributes, dict) else None
        given["documentId"] = given.get("document_id", other)
    return checked(given, item.file, item.line)
