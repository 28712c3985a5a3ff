"""Documents that came over Kafka since the last time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from towpath.core.errors import DeadLetterError
from towpath.core.stream import Broker, Codec, Record, read_until
from towpath.pipelines.scoring.documents import Refusal, Row, checked
from towpath.v1 import Document

__all__ = ["Since"]


class Since:
    """Rows of `topic` from the offsets `since` up to where the topic ends when reading begins.

    A consumer of ours begins at a topic's start, so older records are read, too, and passed over undecoded.
    """

    def __init__(self, broker: Broker, codec: Codec, topic: str, since: Mapping[int, int]) -> None:
        self._broker, self._codec, self.topic, self.since = broker, codec, topic, dict(since)
        self.until: dict[int, int] = {}

    def rows(self, stop: threading.Event | None = None) -> Iterator[Row | Refusal]:
        """`until` is set when this has begun.

        Raises:
            RetryableError: Kafka went away, gave nothing for half a minute, or `stop` was set.
        """
        with self._broker.consumer([self.topic], group=None, client_id="towpath-scoring") as reader:
            ends = reader.end_offsets()
            self.until = {partition.number: end for partition, end in ends.items()}
            yield from (self._row(record) for record in read_until(reader, ends, stop) if self._wanted(record))

    def _wanted(self, record: Record) -> bool:
        begin, end = self.since.get(record.partition, 0), self.until.get(record.partition, 0)
        return record.value is not None and begin <= record.offset < end

    def _row(self, record: Record) -> Row | Refusal:
        where = f"{record.topic}/{record.partition}"
        try:
            document = self._codec.decode(record, Document).message
        except DeadLetterError as error:
            return Refusal(where, record.offset, str(error)[:500])
        if not document.document_id:
            return Refusal(where, record.offset, "documentId: is missing")
        given = {"documentId": document.document_id, "text": document.text}
        return checked(given, where, record.offset)
