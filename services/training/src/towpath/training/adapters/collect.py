"""A consistent cut of a topic: everything up to where it ended when the reading began."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import structlog
from google.protobuf import json_format
from google.protobuf.message import Message

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.stream import Broker, Codec

__all__ = ["collect", "read_all"]

_log = structlog.get_logger(__name__)
_SILENCE = 60  # polls of half a second with nothing new before the end
M = TypeVar("M", bound=Message)


def read_all(broker: Broker, codec: Codec, topic: str, kind: type[M], stop: threading.Event) -> Iterator[M]:
    """Each message of the topic; what cannot be decoded is logged and passed over.

    Raises:
        RetryableError: Kafka went away, or `stop` was set.
    """
    with broker.consumer([topic], group=None, client_id="towpath-training-reader") as reader:
        ends, silent = reader.end_offsets(), 0
        while any(reader.position(partition) < end for partition, end in ends.items()):
            if stop.is_set():
                raise RetryableError("interrupted by a shutdown")
            batch = reader.poll(timeout_s=0.5, max_records=2000)
            silent = 0 if batch else silent + 1
            if silent > _SILENCE:
                raise RetryableError(f"{topic} gave nothing more before its end was reached")
            for record in batch.records:
                try:
                    yield codec.decode(record, kind).message
                except DeadLetterError as error:
                    where = f"{record.partition}/{record.offset}"
                    _log.warning("training.unreadable", topic=topic, at=where, reason=str(error))


def collect(broker: Broker, codec: Codec, topic: str, kind: type[Message], file: Path, stop: threading.Event) -> int:
    """Write a topic's messages to `file` as canonical JSON, one a line; returns how many."""
    count = 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        for message in read_all(broker, codec, topic, kind, stop):
            out.write(json_format.MessageToJson(message, indent=None, ensure_ascii=False) + "\n")
            count += 1
    return count
