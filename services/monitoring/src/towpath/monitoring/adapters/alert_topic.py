"""Writing to the topic `alerts`, and the figures of what is written and open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from towpath.core.stream import Broker, Codec, Registry
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.domain.figures import Labels, open_alerts, severity_name
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import Alert, AlertState

__all__ = ["AlertTopic"]

_log = structlog.get_logger(__name__)
_SEND_LIMIT_S = 10.0


@dataclass
class AlertTopic:
    """Kafka has it first, then `desk`. Threads may share it."""

    broker: Broker
    codec: Codec
    registry: Registry
    desk: AlertDesk
    metrics: MonitoringMetrics
    _shown: set[Labels] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, alerts: Sequence[Alert]) -> None:
        """Raises RetryableError where Kafka does not say that it has them."""
        if not alerts:
            return
        topic = self.registry.full_name("alerts")
        with self.broker.producer(client_id="towpath-monitoring") as producer:
            messages = [self.codec.encode(each, topic=topic, key=each.objective) for each in alerts]
            producer.send(messages, timeout_s=_SEND_LIMIT_S)
        for each in alerts:
            self._told(each)

    def answer(self, change: Callable[[], Alert | None]) -> None:
        """Write what a person asks for, where there is anything to write."""
        alert = change()
        self.write([] if alert is None else [alert])

    def show(self) -> None:
        """Set the gauges by what is open now."""
        with self._lock:
            standing = [(each.entry, each.silence is not None) for each in self.desk.standing()]
            counts = open_alerts(standing)
            for gone in self._shown - set(counts):
                self.metrics.alerts_open.remove(*gone)
            for labels, count in counts.items():
                self.metrics.alerts_open.labels(*labels).set(count)
            self._shown = set(counts)

    def _told(self, alert: Alert) -> None:
        state = AlertState.Name(alert.state).removeprefix("ALERT_STATE_").lower()
        severity = severity_name(alert.severity)
        _log.info(
            "monitoring.alert", alert_id=alert.alert_id, cause=alert.cause, state=state, severity=severity,
            release_id=alert.release_id, actor=alert.actor, summary=alert.summary[:500],
        )  # fmt: skip
        self.metrics.alerts_told.labels(severity, state).inc()
        self.desk.seen(alert)
