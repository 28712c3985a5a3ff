"""How far a worker is behind: documents by partition, and the age of the oldest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from towpath.core.errors import RetryableError
from towpath.core.stream import Batch, Consumer
from towpath.serving.metrics import ServingMetrics

__all__ = ["Backlog"]

_log = structlog.get_logger(__name__)
_EVERY_S = 5.0


@dataclass
class Backlog:
    """Kept by the worker's thread; the age is computed when it is asked for, so that it grows while nothing moves."""

    metrics: ServingMetrics
    full_batch: int
    clock: Callable[[], float] = time.time
    _oldest: float | None = None
    _due: float = 0.0

    def __post_init__(self) -> None:
        self.metrics.oldest.set_function(self.age_s)

    def age_s(self) -> float:
        """Seconds since the oldest document that is known to wait was written to Kafka; 0 when none waits."""
        oldest = self._oldest
        return 0.0 if oldest is None else max(0.0, self.clock() - oldest)

    def polled(self, batch: Batch) -> None:
        self._oldest = min((record.timestamp_ms for record in batch.records), default=None)
        if self._oldest is not None:
            self._oldest /= 1000

    def committed(self, batch: Batch) -> None:
        # Behind a full batch more wait, about as old: until the next poll tells, its age stands.
        if len(batch.records) < self.full_batch:
            self._oldest = None

    def report(self, consumer: Consumer) -> None:
        """Publish the lag of the partitions that `consumer` has, every few seconds. `documents` has no markers."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _EVERY_S
        try:
            behind = {part: end - consumer.position(part) for part, end in consumer.end_offsets().items()}
        except RetryableError:
            # A figure for a dashboard is no reason to stop working.
            _log.debug("serving.lag_unknown")
            return
        self.metrics.lag.clear()  # partitions that went to others are theirs to report
        for part, documents in behind.items():
            self.metrics.lag.labels(str(part.number)).set(max(0, documents))

    def left(self) -> None:
        """The worker left its group: its partitions go to others."""
        self.metrics.lag.clear()
        self._oldest, self._due = None, 0.0
