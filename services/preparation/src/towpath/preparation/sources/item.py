"""What a source holds, one after the other: lines for ingestion, or the reason why one cannot be a line."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from towpath.core.errors import RejectedError

__all__ = ["Format", "Item", "Reading", "undecodable"]


class Format(StrEnum):
    """How a file that is no table and no text is to be read; `auto` looks at its first bytes and its name."""

    auto = "auto"
    ndjson = "ndjson"
    label_studio = "label-studio"
    ground_truth = "ground-truth"


@dataclass(frozen=True, slots=True)
class Item:
    """`data` is a line of JSON for ingestion; None where `refused` says why there is none.

    `line` is where it begins in `file`, from 1 on; `original` its bytes there (of a row of Parquet: as JSON).
    """

    file: str
    line: int
    data: bytes | None
    original: bytes = b""
    refused: str = ""


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    Args:
        columns: the file's name of a column, by ingestion's name of the field.
        header: names of the columns of files that have no header; "-" leaves a column out.
        keep_columns: columns that no field is named after become attributes (True), are left out (False), or are a
            reason to send nothing at all (None).
        quoted: fields of tables may be in quotes; None: those of .csv.
        constants: fields that every document or annotation gets, where it has none of its own.
        unescape: turn \\u2019, \\n and HTML's entities in texts into characters.
        snowflakes: take createdAt from documentId.
    """

    kind: str = "documents"
    columns: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    keep_columns: bool | None = None
    quoted: bool | None = None
    encoding: str = "utf-8"
    format: Format = Format.auto
    constants: Mapping[str, Any] = field(default_factory=dict)
    unescape: bool = False
    snowflakes: bool = False

    def __post_init__(self) -> None:
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise RejectedError(f"no encoding {self.encoding!r}: utf-8, latin-1, cp1252, utf-16, …") from None

    @property
    def codec(self) -> str:
        """With the mark that some programs put before UTF-8 passed over."""
        return "utf-8-sig" if codecs.lookup(self.encoding).name == "utf-8" else self.encoding

    @property
    def plain(self) -> bool:
        """Whether lines of JSON are to be sent as they are."""
        return not (self.constants or self.unescape or self.snowflakes) and self.codec == "utf-8-sig"


def undecodable(text: str, encoding: str) -> str | None:
    """Why a text that was decoded with surrogateescape is none; None when it is one."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        found = f"byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"half a character (\\u{code:04x})"
        return f"not {encoding}: {found} at character {error.start + 1}; give --encoding"
    return None
