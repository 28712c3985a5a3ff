"""What cannot be processed goes to `dead-letters`: the reason, where it came from, and the original bytes."""

from __future__ import annotations

from datetime import UTC, datetime

from towpath.core.stream.codec import Codec
from towpath.core.stream.port import Message, Record
from towpath.core.stream.registry import Registry
from towpath.v1 import DeadLetter, Header

__all__ = ["dead_letter"]

_MAX_REASON_CHARS = 1000


def dead_letter(
    record: Record,
    error: Exception,
    *,
    service: str,
    registry: Registry,
    codec: Codec,
    attempts: int = 1,
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
        attempts=attempts,
        service=service,
    )
    letter.failed_at.FromDatetime(datetime.now(UTC))
    return codec.encode(letter, topic=registry.full_name("dead-letters"), key=source)
