"""What serving tells people on the topic `alerts`. Never at the price of serving."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.ids import alert_id
from towpath.core.stream import Broker, Codec, Registry
from towpath.v1 import Alert, AlertSeverity, AlertState, ModelRelease

__all__ = ["Alarms"]

_log = structlog.get_logger(__name__)
_SEND_LIMIT_S = 5.0
_RUNBOOKS = "docs/runbooks.md"


@dataclass(frozen=True)
class Alarms:
    """Threads may share it. The same alarm has the same id, whichever worker says it, and however often."""

    broker: Broker
    codec: Codec
    registry: Registry

    def refused(self, release: ModelRelease, reason: str) -> None:
        """A release whose bundle cannot be served."""
        self._send(
            Alert(
                alert_id=alert_id("release-refused", release.release_id, reason),
                objective=release.model_name,
                monitor="release-refused",
                severity=AlertSeverity.ALERT_SEVERITY_WARNING,
                summary=f"Release {release.release_id} cannot be served, what served before serves on: {reason}",
                runbook_url=f"{_RUNBOOKS}#towpathbundlerefused",
                release_id=release.release_id,
                cause=f"release-refused/{release.release_id}",
            )
        )

    def flood(self, group: str, reason: str) -> None:
        """Too many dead letters: the worker of `group` has stopped."""
        self._send(
            Alert(
                alert_id=alert_id("dead-letters", group, reason),
                objective=group,
                monitor="dead-letters",
                severity=AlertSeverity.ALERT_SEVERITY_PAGE,
                summary=f"{group} has stopped: {reason}",
                runbook_url=f"{_RUNBOOKS}#towpathdeadletters",
                cause=f"dead-letters/{group}",
            )
        )

    def _send(self, alert: Alert) -> None:
        alert.state = AlertState.ALERT_STATE_FIRING
        alert.created_at.GetCurrentTime()
        message = self.codec.encode(alert, topic=self.registry.full_name("alerts"), key=alert.objective)
        try:
            with self.broker.producer(client_id="towpath-serving-alarms") as producer:
                producer.send([message], timeout_s=_SEND_LIMIT_S)
        except (RetryableError, RejectedError) as error:
            # The log has it, and the metric.
            _log.warning("serving.alarm_not_sent", monitor=alert.monitor, reason=str(error))
