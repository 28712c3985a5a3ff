"""Watching for transactions that never end: readers of predictions stand still, and nothing else shows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Partition
from towpath.monitoring.domain.stability import Stability
from towpath.monitoring.metrics import MonitoringMetrics

__all__ = ["StabilityWatch"]

_log = structlog.get_logger(__name__)


@dataclass
class StabilityWatch:
    """Asks for the ends of a topic as its readers and as its writers see them. One thread; reads no record."""

    broker: Broker
    topic: str
    name: str
    metrics: MonitoringMetrics
    every_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    backoff: Backoff = field(default_factory=Backoff)

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`; Kafka being away is waited out."""
        while not stop.is_set():
            try:
                self._watch(stop)
            except RetryableError as error:
                self.metrics.open_transaction.clear()  # what is not known is not said
                _log.info("monitoring.stability_unknown", reason=str(error))
                self.backoff.wait(stop)

    def _watch(self, stop: threading.Event) -> None:
        stability: Stability[Partition] = Stability()
        name = "towpath-monitoring-stability"
        with (
            self.broker.consumer([self.topic], group=None, isolation="read_uncommitted", client_id=name) as writers,
            self.broker.consumer([self.topic], group=None, isolation="read_committed", client_id=name) as readers,
        ):
            while not stop.is_set():
                ends = writers.end_offsets()
                standing = stability.look(ends, readers.end_offsets(), self.clock())
                for partition, seconds in standing.items():
                    self.metrics.open_transaction.labels(self.name, str(partition.number)).set(seconds)
                self.backoff.reset()
                stop.wait(self.every_s)
