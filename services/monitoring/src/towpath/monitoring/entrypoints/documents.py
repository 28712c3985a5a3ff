"""Reading documents as they come in.

From the end of the topic on: what was there before was checked when it was trained on. After Kafka was away it goes on
with what comes then.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Record
from towpath.monitoring.data import DataMonitor
from towpath.v1 import Document

__all__ = ["DataWatch"]

_log = structlog.get_logger(__name__)
_AT_ONCE = 2000


@dataclass
class DataWatch:
    """One thread. Of a batch at most `budget` documents are looked at, evenly spaced: it must not fall behind."""

    broker: Broker
    codec: Codec
    topic: str
    monitor: DataMonitor
    budget: int = 500
    backoff: Backoff = field(default_factory=Backoff)

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                self._read(stop)
            except RetryableError as error:
                _log.info("monitoring.documents_waiting", reason=str(error))
                self.backoff.wait(stop)

    def look(self, records: Sequence[Record]) -> None:
        """At some of them; what cannot be read is serving's to give up on."""
        step = max(1, -(-len(records) // self.budget))
        documents = []
        for record in records[::step]:
            try:
                documents.append(self.codec.decode(record, Document).message)
            except DeadLetterError:
                continue
        if documents:
            self.monitor.look(documents)

    def _read(self, stop: threading.Event) -> None:
        name = "towpath-monitoring-documents"
        with self.broker.consumer([self.topic], group=None, start="latest", client_id=name) as consumer:
            while not stop.is_set():
                batch = consumer.poll(timeout_s=0.5, max_records=_AT_ONCE)
                self.backoff.reset()
                if batch.records:
                    self.look(batch.records)
