"""From findings to alerts: one that fires is told once, and once more when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from towpath.core.ids import alert_id
from towpath.monitoring.domain.finding import Finding
from towpath.v1 import Alert, AlertSeverity, AlertState

__all__ = ["AlertDesk"]

_SEVERITIES = {
    "info": AlertSeverity.ALERT_SEVERITY_INFO,
    "warning": AlertSeverity.ALERT_SEVERITY_WARNING,
    "page": AlertSeverity.ALERT_SEVERITY_PAGE,
}
_OVER = (AlertState.ALERT_STATE_RESOLVED, AlertState.ALERT_STATE_UNSILENCED)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class AlertDesk:
    """The use case. What is on the topic `alerts` is all it remembers: told again, it knows the same."""

    objective: str
    now: Callable[[], datetime] = _utc_now
    _open: dict[str, Alert] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self, alert: Alert) -> None:
        """What the topic says, by whomever it was written."""
        if alert.objective != self.objective or not alert.cause:
            return
        with self._lock:
            if alert.state in _OVER:
                self._open.pop(alert.cause, None)
            else:
                self._open[alert.cause] = alert

    def due(self, findings: Iterable[Finding]) -> list[Alert]:
        """What is to be told now. It is told again until it was `seen`."""
        with self._lock:
            return [self._alert(each) for each in findings if each.firing != (each.cause in self._open)]

    def _alert(self, finding: Finding) -> Alert:
        now = self.now()
        before = self._open.get(finding.cause)
        alert = Alert(
            alert_id=before.alert_id if before else alert_id(self.objective, finding.cause, now.isoformat()),
            objective=self.objective,
            monitor=finding.monitor,
            severity=_SEVERITIES[finding.severity],
            summary=finding.summary,
            release_id=finding.release_id,
            evidence=finding.evidence,
            extra_cost_per_thousand=finding.extra_cost_per_thousand,
            cause=finding.cause,
            state=AlertState.ALERT_STATE_FIRING if finding.firing else AlertState.ALERT_STATE_RESOLVED,
            document_ids=finding.document_ids,
        )
        alert.created_at.FromDatetime(now)
        if finding.began_at is not None:
            alert.began_at.FromNanoseconds(int(finding.began_at * 1e9))
        return alert
