"""How far a worker is behind: documents by partition, and the age of the oldest."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import RetryableError
from towpath.core.stream import Batch, Consumer
from towpath.serving.metrics import ServingMetrics

__all__ = ["Backlog"]

_log = structlog.get_logger(__name__)
_EVERY_S = 5.0


@dataclass
class Backlog:
    """Kept by the worker's threads; the age is computed when it is asked for, so that it grows while nothing moves."""

    metrics: ServingMetrics
    clock: Callable[[], float] = time.time
    _in_hand: deque[float] = field(default_factory=deque)
    _given_back: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _due: float = 0.0

    def __post_init__(self) -> None:
        self.metrics.oldest.set_function(self.age_s)

    def age_s(self) -> float:
        """Seconds since the oldest document that is known to wait was written to Kafka; 0 when none is known."""
        with self._lock:
            known = [*self._in_hand, *([] if self._given_back is None else [self._given_back])]
        return max(0.0, self.clock() - min(known)) if known else 0.0

    def polled(self, batch: Batch) -> None:
        """These are in hand now. Whatever waits behind them is younger."""
        with self._lock:
            self._given_back = None
            if batch:
                self._in_hand.append(min(record.timestamp_ms for record in batch.records) / 1000)

    def committed(self, polls: int) -> None:
        """The first `polls` polls in hand that had documents are done."""
        with self._lock:
            for _ in range(polls):
                self._in_hand.popleft()

    def rewound(self) -> None:
        """What was in hand will be polled again. Until then it grows older."""
        with self._lock:
            self._given_back = min(self._in_hand, default=self._given_back)
            self._in_hand.clear()

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
        with self._lock:
            self._in_hand.clear()
            self._given_back, self._due = None, 0.0
