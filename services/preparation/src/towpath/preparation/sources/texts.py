"""A text file as a document, which is called after its path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from towpath.core.errors import RejectedError
from towpath.preparation.sources.item import Item, Reading
from towpath.preparation.sources.shaping import finished, line_of

__all__ = ["MAX_TEXT_BYTES", "text_item"]

MAX_TEXT_BYTES = 1_000_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?::[A-Za-z0-9._-]+)*")


def text_item(file: Path, name: str, source: str, reading: Reading) -> Iterator[Item]:
    """One item. `name` is the path below the folder that is called `source`."""
    if reading.kind != "documents":
        raise RejectedError("a text file is a document; annotations and feedback are rows or lines", where=name)
    if file.stat().st_size > MAX_TEXT_BYTES:
        why = f"{file.stat().st_size} bytes, at most {MAX_TEXT_BYTES} are read as one document"
        yield Item(name, 1, None, b"", why)
        return
    raw = file.read_bytes()
    try:
        text = raw.decode(reading.codec)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        yield Item(name, line, None, b"", f"not {reading.encoding}: byte 0x{raw[error.start]:02x}; give --encoding")
        return
    made = {
        "documentId": _id(source, name),
        "text": text.rstrip("\r\n"),
        "source": str(reading.constants.get("source", source)),
        "attributes": {"path": name[-1000:]},
    }
    try:
        yield Item(name, 1, line_of(finished(made, reading)), b"")
    except RejectedError as error:
        yield Item(name, 1, None, b"", str(error))


def _id(source: str, name: str) -> str:
    """The path with colons for slashes; a digest where an id cannot hold it. Different paths have different ids."""
    told = ":".join([source, *name.split("/")])
    if ":" not in source + name and len(told) <= 128 and _ID.fullmatch(told):
        return told
    return "file-" + hashlib.sha256(f"{source}\0{name}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
