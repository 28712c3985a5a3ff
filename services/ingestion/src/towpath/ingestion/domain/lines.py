"""Cutting a stream of bytes into lines without ever holding more than one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Line", "LineSplitter"]


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1. `data` is None for a line beyond the limit, whose bytes were dropped."""

    number: int
    data: bytes | None


@dataclass
class LineSplitter:
    """Feed it chunks; ends with `finish`. Lines end with LF or CRLF; blank ones are passed over but counted."""

    max_bytes: int
    _rest: bytearray = field(default_factory=bytearray)
    _dropping: bool = False
    _number: int = 0

    def feed(self, chunk: bytes) -> Iterator[Line]:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._take(chunk[start:end])
            yield from self._line()
            start = end + 1
        self._take(chunk[start:])

    def finish(self) -> Iterator[Line]:
        """The last line, when it had no end."""
        if self._rest or self._dropping:
            yield from self._line()

    def _take(self, piece: bytes) -> None:
        if self._dropping:
            return
        self._rest += piece
        if len(self._rest) > self.max_bytes:
            self._rest.clear()
            self._dropping = True

    def _line(self) -> Iterator[Line]:
        self._number += 1
        data = None if self._dropping else bytes(self._rest).rstrip(b"\r")
        self._rest.clear()
        self._dropping = False
        if data is None or data.strip():
            yield Line(self._number, data)
