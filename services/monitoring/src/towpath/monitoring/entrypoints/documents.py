"""Looking at documents as they come in: are they what the objective wants, and what they were?

From the end of the topic on: what was there before was checked when it was trained on. After Kafka was away it goes on
with what comes then.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.objective import DataQuality
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Record
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.preparation.quality.stream import STREAM_CHECKS, StreamProfile
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
    limits: DataQuality
    metrics: MonitoringMetrics
    window: int
    budget: int = 500
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        self.profile = StreamProfile(self.limits, window=self.window)
        for check in STREAM_CHECKS:
            limit = self.profile.limit(check)
            if limit is not None:
                self.metrics.data_limit.labels(check).set(limit)

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
        for record in records[::step]:
            try:
                self.profile.add(self.codec.decode(record, Document).message.text)
            except DeadLetterError:
                continue
        self._publish()

    def _read(self, stop: threading.Event) -> None:
        name = "towpath-monitoring-documents"
        with self.broker.consumer([self.topic], group=None, start="latest", client_id=name) as consumer:
            while not stop.is_set():
                batch = consumer.poll(timeout_s=0.5, max_records=_AT_ONCE)
                self.backoff.reset()
                if batch.records:
                    self.look(batch.records)

    def _publish(self) -> None:
        self.metrics.data_documents.set(len(self.profile))
        for check, share in self.profile.shares().items():
            self.metrics.data_found.labels(check).set(share)
        for language, share in self.profile.languages().items():
            self.metrics.data_languages.labels(language).set(share)
        for of, index in self.profile.skew().items():
            self.metrics.data_skew.labels(of).set(index)
