"""What cannot be processed goes to `dead-letters`: the reason, where it came from, and the original bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from towpath.core.stream.codec import Codec
from towpath.core.stream.port import Message, Record
from towpath.core.stream.registry import Registry
from towpath.v1 import DeadLetter, Header

__all__ = ["ATTEMPTS_HEADER", "Request", "dead_letter", "request_dead_letter"]

_MAX_REASON_CHARS = 1000
ATTEMPTS_HEADER = "towpath-attempts"
"""On a record that is sent again: how often it has been a dead letter."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that could not be used: POST `body` to `path` (from the slash on) to send it again."""

    path: str
    body: bytes
    content_type: str

    @property
    def letter_id(self) -> str:
        """The same for the same request, so that one that is sent again is one letter."""
        digest = hashlib.sha256(self.path.encode() + b"\0" + self.body).hexdigest()
        return f"{self.path.strip('/')}/{digest[:16]}"


def dead_letter(
    record: Record,
    error: Exception,
    *,
    service: str,
    registry: Registry,
    codec: Codec,
) -> Message:
    """The message for the dead-letters topic. Its id names the source, so that a replay has the same id."""
    source = f"{record.topic}/{record.partition}/{record.offset}"
    letter = DeadLetter(
        dead_letter_id=source,
        source_topic=record.topic,
        source_partition=record.partition,
        source_offset=record.offset,
        key=record.key or b"",
        value=record.value or b"",
        headers=[Header(key=name, value=value) for name, value in record.headers],
        error=type(error).__name__,
        reason=str(error)[:_MAX_REASON_CHARS],
        attempts=1 + _attempts(record),
        service=service,
    )
    letter.failed_at.FromDatetime(datetime.now(UTC))
    return codec.encode(letter, topic=registry.full_name("dead-letters"), key=source)


def _attempts(record: Record) -> int:
    """How often it was given up on before, as whoever sent it again says."""
    told = next((value for name, value in reversed(record.headers) if name == ATTEMPTS_HEADER), b"")
    return int(told) if told.isdigit() and len(told) < 6 else 0


def request_dead_letter(
    request: Request, error: Exception, *, service: str, registry: Registry, codec: Codec
) -> Message:
    """As `dead_letter`, of what came by HTTP and not from a topic: `source_topic` is "POST /path" then."""
    letter = DeadLetter(
        dead_letter_id=request.letter_id,
        source_topic=f"POST {request.path}",
        value=request.body,
        headers=[Header(key="content-type", value=request.content_type.encode())],
        error=type(error).__name__,
        reason=str(error)[:_MAX_REASON_CHARS],
        attempts=1,
        service=service,
    )
    letter.failed_at.FromDatetime(datetime.now(UTC))
    return codec.encode(letter, topic=registry.full_name("dead-letters"), key=request.letter_id)
