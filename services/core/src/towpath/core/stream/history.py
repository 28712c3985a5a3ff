"""A consistent cut of a topic: everything up to where it ended when the reading began."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import TypeVar

import structlog
from google.protobuf.message import Message

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.stream.codec import Codec
from towpath.core.stream.port import Broker, Consumer, Partition, Record

__all__ = ["read_history", "read_until"]

_log = structlog.get_logger(__name__)
_POLL_S, _MAX_RECORDS = 0.5, 2000
_SILENT_POLLS = 60
M = TypeVar("M", bound=Message)


def read_until(
    reader: Consumer, ends: Mapping[Partition, int], stop: threading.Event | None = None
) -> Iterator[Record]:
    """Records of `reader` (no member of a group) until it has reached `ends`, which it gave when the cut was made.

    Raises:
        RetryableError: Kafka went away, gave nothing for half a minute, or `stop` was set.
    """
    silent = 0
    # Positions and not records are counted: transaction markers and compaction leave offsets without a record.
    while any(reader.position(partition) < end for partition, end in ends.items()):
        if stop is not None and stop.is_set():
            raise RetryableError("interrupted by a shutdown")
        batch = reader.poll(timeout_s=_POLL_S, max_records=_MAX_RECORDS)
        silent = 0 if batch else silent + 1
        if silent > _SILENT_POLLS:
            topics = ", ".join(sorted({partition.topic for partition in ends}))
            raise RetryableError(f"{topics} gave nothing more before its end was reached")
        yield from batch.records


def read_history(
    broker: Broker,
    codec: Codec,
    topic: str,
    kind: type[M],
    *,
    client_id: str,
    stop: threading.Event | None = None,
) -> Iterator[M]:
    """Each message of `topic`, with no consumer group; what cannot be decoded is logged and passed over.

    Raises:
        RetryableError: Kafka went away, gave nothing for half a minute, or `stop` was set.
    """
    with broker.consumer([topic], group=None, client_id=client_id) as reader:
        for record in read_until(reader, reader.end_offsets(), stop):
            if record.value is None:
                continue  # a tombstone
            try:
                yield codec.decode(record, kind).message
            except DeadLetterError as error:
                where = f"{record.partition}/{record.offset}"
                _log.warning("history.unreadable", topic=topic, at=where, reason=str(error))
