"""Lines of JSON, tasks of Label Studio, manifests of SageMaker Ground Truth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from towpath.core.errors import RejectedError
from towpath.core.ids import document_id
from towpath.preparation.sources.item import Format, Item, Reading
from towpath.preparation.sources.shaping import finished, line_of

__all__ = ["line_items", "object_items"]

_SNIFFED = 65_536
_SOURCE = {Format.label_studio: "label-studio", Format.ground_truth: "ground-truth"}


def object_items(file: Path, name: str, reading: Reading) -> Iterator[Item]:
    """Raises RejectedError when nothing of the file can be read, or when another command is meant."""
    found = reading.format if reading.format is not Format.auto else _sniffed(file, reading)
    if found is not Format.ndjson and reading.kind != "documents":
        raise RejectedError(
            f"annotations of a tool are read by `towpath labels import --from {found.value}`", where=name
        )
    if found is Format.label_studio:
        return _tasks(file, name, reading)
    return _lines(file, name, reading, found)


def line_items(lines: IO[bytes], name: str, reading: Reading) -> Iterator[Item]:
    """Lines of JSON from a stream that cannot be looked at before."""
    if reading.format is Format.label_studio:
        raise RejectedError("an export of Label Studio is read from a file", where=name)
    found = Format.ndjson if reading.format is Format.auto else reading.format
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip(b"\r\n")
        if number == 1 and reading.codec == "utf-8-sig":
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield _item(line, number, name, reading, found)


def _sniffed(file: Path, reading: Reading) -> Format:
    if file.suffix.lower() == ".manifest":
        return Format.ground_truth
    with file.open("rb") as data:
        begin = data.read(_SNIFFED).decode(reading.codec, "replace").lstrip()
    if begin.startswith("["):
        return Format.label_studio
    try:
        first = json.loads(begin.split("\n", 1)[0])
    except (ValueError, RecursionError):
        return Format.ndjson
    given = isinstance(first, dict) and "text" not in first
    return Format.ground_truth if given and reading.kind == "documents" and _is_manifest(first) else Format.ndjson


def _is_manifest(line: Mapping[str, Any]) -> bool:
    return "source-ref" in line or ("source" in line and "documentId" not in line)


def _lines(file: Path, name: str, reading: Reading, found: Format) -> Iterator[Item]:
    with file.open("rb") as lines:
        yield from line_items(lines, name, replace(reading, format=found))


def _item(line: bytes, number: int, name: str, reading: Reading, found: Format) -> Item:
    if found is Format.ndjson and reading.plain:
        return Item(name, number, line, line)  # what is wrong with it is for ingestion to say
    try:
        return Item(name, number, line_of(_read(line, reading, found)), line)
    except RejectedError as error:
        return Item(name, number, None, line, str(error))


def _read(line: bytes, reading: Reading, found: Format) -> dict[str, Any]:
    try:
        given = json.loads(line.decode(reading.codec))
    except UnicodeDecodeError as error:
        raise RejectedError(
            f"not {reading.encoding}: byte 0x{line[error.start]:02x} at {error.start + 1}; give --encoding"
        ) from None
    except (ValueError, RecursionError) as error:
        raise RejectedError(f"not JSON: {error}") from None
    if not isinstance(given, dict):
        raise RejectedError("no JSON object")
    return finished(given if found is Format.ndjson else _of_manifest(given, reading), reading)


def _of_manifest(given: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    text, source = given.get("source"), str(reading.constants.get("source", _SOURCE[Format.ground_truth]))
    if not isinstance(text, str) or not text.strip():
        place = given.get("source-ref")
        raise RejectedError(f"its text lies in {place}: ingest that" if place else "neither source nor source-ref")
    identity = given.get("document_id", given.get("documentId"))
    # As `towpath labels import` derives it from the same line, before anything is made of the text.
    return {"documentId": str(identity) if identity else document_id(source, text), "text": text, "source": source}


def _tasks(file: Path, name: str, reading: Reading) -> Iterator[Item]:
    from towpath.preparation.formats.read import UnusableError

    source = str(reading.constants.get("source", _SOURCE[Format.label_studio]))
    for number, each in enumerate(_array(file, name, reading), start=1):
        original = json.dumps(each, ensure_ascii=False).encode("utf-8", "replace")
        try:
            yield Item(name, number, line_of(finished(_of_task(each, source), reading)), original)
        except UnicodeEncodeError:
            yield Item(name, number, None, original, "it holds half a character (a lone surrogate)")
        except (UnusableError, RejectedError) as error:
            yield Item(name, number, None, original, str(error))


def _of_task(each: Any, source: str) -> dict[str, Any]:
    """Of an export as JSON, where a task has its data, or as JSON_MIN, where it is them."""
    from towpath.preparation.formats.label_studio.annotation import Naming, task_of

    task = each if isinstance(each, dict) and "data" in each else {"data": each}
    read = task_of(task, Naming(source))
    if not read.text.strip():
        raise RejectedError("its task has no text")
    told = task["data"].get("source")
    return {"documentId": read.document_id, "text": read.text, "source": told if isinstance(told, str) else source}


def _array(file: Path, name: str, reading: Reading) -> list[Any]:
    try:
        found = json.loads(file.read_bytes().decode(reading.codec))
    except UnicodeDecodeError as error:
        raise RejectedError(f"not {reading.encoding} at byte {error.start}; give --encoding", where=name) from None
    except json.JSONDecodeError as error:
        raise RejectedError(
            f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}; half a file? export it again",
            where=name,
        ) from None
    except RecursionError:
        raise RejectedError("nested too deeply to be an export", where=name) from None
    if not isinstance(found, list):
        raise RejectedError("an export is a list of tasks", where=name)
    return found
