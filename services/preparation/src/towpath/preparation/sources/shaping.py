"""From what a row or an object says to what ingestion takes. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from towpath.core.errors import RejectedError
from towpath.preparation.sources.item import Reading
from towpath.preparation.sources.rows import shaped

__all__ = ["FIELDS", "check_columns", "finished", "line_of", "of_row", "unescaped"]

FIELDS: dict[str, frozenset[str]] = {
    "documents": frozenset({"documentId", "text", "source", "createdAt", "language"}),
    "annotations": frozenset(
        {"annotationId", "documentId", "raterId", "guideVersion", "createdAt", "updatedAt", "label", "score"}
        | {"deleted", "leadSeconds", "source"}
    ),
    "feedback": frozenset({"feedbackId", "documentId", "predictionId", "source", "createdAt", "label", "score"}),
}
_TYPES: dict[str, type] = {"leadSeconds": float, "deleted": bool}
# A pair of surrogates first: together they are one character.
_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})"
)
_TWITTER_EPOCH_MS = 1288834974657


def check_columns(names: Iterable[str], reading: Reading, file: str) -> None:
    """Raises RejectedError for columns that no field is named after, unless the reading says what to do with them."""
    given = list(names)
    missing = [name for name in reading.columns.values() if name not in given]
    if missing:
        raise RejectedError(f"no column {missing[0]!r}; there are {', '.join(given)}", where=file)
    unknown = _unknown(given, reading)
    if unknown and reading.keep_columns is None:
        fields = ", ".join(sorted(FIELDS[reading.kind]))
        keep = ", --keep-columns makes them attributes" if reading.kind == "documents" else ""
        raise RejectedError(
            f"no field is named after {', '.join(unknown)}{keep}, --drop-columns leaves them out, "
            f"--column FIELD=NAME names one; fields are {fields}",
            where=file,
        )


def of_row(row: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """A flat row as the object that ingestion takes."""
    kept = dict(row)
    for name in _unknown(row, reading):
        value = kept.pop(name)
        if reading.keep_columns and reading.kind == "documents":
            kept[f"attributes.{name}"] = value
    made = shaped(kept, reading.columns)
    for name, kind in _TYPES.items():
        if isinstance(made.get(name), str):
            made[name] = _typed(made[name], kind)
    if made.get("documentId") is not None:
        made["documentId"] = str(made["documentId"])
    return finished(made, reading)


def _unknown(names: Iterable[str], reading: Reading) -> list[str]:
    known = FIELDS[reading.kind] | set(reading.columns.values())
    attributes = reading.kind == "documents"
    return [each for each in names if each not in known and not (attributes and each.startswith("attributes."))]


def _typed(value: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    try:
        return float(value)
    except ValueError:
        return value  # ingestion names the line and the field


def finished(made: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """With constants, escapes and times as the reading says."""
    if reading.unescape and isinstance(made.get("text"), str):
        made["text"] = unescaped(made["text"])
    constants = of_flat(reading.constants)
    for name, value in constants.items():
        if isinstance(value, dict) and isinstance(made.get(name), dict):
            made[name] = {**value, **made[name]}
        else:
            made.setdefault(name, value)
    if reading.snowflakes and "createdAt" not in made:
        made["createdAt"] = _snowflake_time(made.get("documentId"))
    return made


def of_flat(constants: Mapping[str, Any]) -> dict[str, Any]:
    return shaped(constants, {}) if constants else {}


def _snowflake_time(identity: Any) -> str:
    """Of an id as Twitter made them: milliseconds since its epoch, and 22 bits of something else."""
    digits = str(identity)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and int(digits) >> 22):
        raise RejectedError(f"no time is in the id {digits[:40]!r}: snowflakes are numbers", where="documentId")
    seconds = ((int(digits) >> 22) + _TWITTER_EPOCH_MS) / 1000
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unescaped(text: str) -> str:
    """Literal \\uXXXX, \\UXXXXXXXX and HTML's entities as characters; what would be no text is left as it is."""
    return html.unescape(_ESCAPE.sub(_character, text))


def _character(match: re.Match[str]) -> str:
    high, low, short, long = match.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF))
    code = int(short or long, 16)
    control = (code < 0x20 and code not in (0x09, 0x0A, 0x0D)) or 0x7F <= code < 0xA0
    return match.group() if control or 0xD800 <= code < 0xE000 else chr(code)


def line_of(made: Mapping[str, Any]) -> bytes:
    """Raises RejectedError when it holds what JSON has not."""
    try:
        return json.dumps(made, ensure_ascii=False, default=str, allow_nan=False).encode()
    except ValueError as error:
        raise RejectedError(str(error)) from None
