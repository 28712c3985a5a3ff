"""Following annotations and documents on their topics, and measuring the raters' agreement now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from towpath.core.errors import DeadLetterError, RejectedError, RetryableError
from towpath.core.objective import Objective
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Consumer, Partition, Record, Registry
from towpath.ingestion.domain.labels import Known, LabelReport
from towpath.ingestion.domain.pace import Pace
from towpath.ingestion.metrics import IngestionMetrics
from towpath.v1 import Annotation

__all__ = ["LabelFollower"]

_log = structlog.get_logger(__name__)
_POLL_S, _MAX_RECORDS = 0.5, 50
# Shares of the time that measuring may take, and reading while requests are worked on.
_BUSY, _READING = 0.1, 0.05
# Where requests never pause, this many times `every_s` is waited until it is measured all the same.
_PATIENCE = 10


@dataclass
class LabelFollower:
    """One thread. Kafka is its only state: it begins anew at each start, and after Kafka was away.

    `latest` is the last report and when it was made; `reason` says why there is none yet.
    """

    broker: Broker
    codec: Codec
    registry: Registry
    objective: Objective
    known: Known
    metrics: IngestionMetrics
    every_s: float
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    latest: tuple[LabelReport, datetime] | None = None
    reason: str = "annotations from before the start are still being read"
    backoff: Backoff = field(default_factory=Backoff)
    _changed: bool = True
    _next_at: float = 0.0

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        topics = [self.registry.full_name(name) for name in ("annotations", "documents")]
        while not stop.is_set():
            try:
                with self.broker.consumer(topics, group=None, client_id="towpath-ingestion-labels") as consumer:
                    self._follow(consumer, consumer.end_offsets(), stop)
            except RetryableError as error:
                self.reason = f"annotations cannot be read: {error}"
                _log.info("ingestion.labels_waiting", reason=str(error))
                self.backoff.wait(stop)

    def _follow(self, consumer: Consumer, ends: Mapping[Partition, int], stop: threading.Event) -> None:
        caught_up = False
        while not stop.is_set():
            begin = self.clock()
            batch = consumer.poll(timeout_s=_POLL_S, max_records=_MAX_RECORDS)
            self.backoff.reset()
            for record in batch.records:
                self._take(record)
            if batch.records and not self.pace.idle:
                stop.wait(min(1.0, (self.clock() - begin) * (1 / _READING - 1)))
            caught_up = caught_up or all(consumer.position(part) >= end for part, end in ends.items())
            if caught_up and self._changed and self._due():
                self.measure()

    def _due(self) -> bool:
        late_s = self.clock() - self._next_at
        return late_s >= 0 if self.pace.idle else late_s >= (_PATIENCE - 1) * self.every_s

    def _take(self, record: Record) -> None:
        if record.topic == self.registry.full_name("documents"):
            self._changed = True
            self.known.document((record.key or b"").decode("utf-8", "replace"))
            return
        try:
            annotation = self.codec.decode(record, Annotation).message
        except DeadLetterError as error:
            _log.warning("ingestion.annotation_unreadable", at=f"{record.partition}/{record.offset}", reason=str(error))
            return
        self._changed = True
        self.known.annotation(annotation)

    def measure(self) -> None:
        """Make the report of what is known now."""
        begin, self._changed = self.clock(), False
        try:
            report = self.known.report(self.objective)
        except RejectedError as error:
            self.reason = str(error)
            return
        self.latest = (report, datetime.now(UTC))
        self.metrics.of_labels(report)
        took = self.clock() - begin
        # What comes first is told at once.
        self._next_at = self.clock() + max(self.every_s if len(self.known) else 0.0, took / _BUSY)
        if report.share < 1:
            _log.warning("ingestion.labels_sampled", share=report.share, annotations=report.annotations)
