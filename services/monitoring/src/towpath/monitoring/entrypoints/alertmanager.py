"""Posting what is open to an Alertmanager, as Prometheus does: again and again, for it forgets what nobody repeats."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.service import Backoff
from towpath.monitoring.adapters.receivers import Receiver
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.domain.alerts import Entry
from towpath.monitoring.domain.payloads import to_alertmanager
from towpath.v1 import AlertState

__all__ = ["AlertmanagerLoop"]

_log = structlog.get_logger(__name__)
_LOOK_S, _AGAIN_S = 1.0, 60.0
# Prometheus's own: four of its posts may be lost before an alert is taken to be over.
_LASTING, _OVER_FOR = timedelta(minutes=5), timedelta(minutes=15)


@dataclass
class AlertmanagerLoop:
    """One Alertmanager's. What is acknowledged or silenced is not posted: it ends there after five minutes."""

    desk: AlertDesk
    receiver: Receiver
    unit: str
    caught_up: threading.Event
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=1.0, cap_s=30.0))

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`. Nothing is posted before it is known what is silenced."""
        posted: Hashable = None
        again_at = 0.0
        while not stop.wait(_LOOK_S):
            if not self.caught_up.is_set():
                continue
            firing, over = self._entries()
            state = tuple((each.alert_id, each.severity, each.started_ns, each.resolved_ns) for each in firing + over)
            if state == posted and time.monotonic() < again_at:
                continue
            posted = state if self._post(firing, over) else None
            again_at = time.monotonic() + _AGAIN_S
            if posted is None:
                self.backoff.wait(stop)

    def _entries(self) -> tuple[list[Entry], list[Entry]]:
        standing = self.desk.standing(closed=True)
        recent_ns = int((datetime.now(UTC) - _OVER_FOR).timestamp() * 1e9)
        still = {each.entry.key for each in standing if each.entry.state != AlertState.ALERT_STATE_RESOLVED}
        firing = [
            each.entry
            for each in standing
            if each.entry.state == AlertState.ALERT_STATE_FIRING and each.silence is None
        ]
        over = [each.entry for each in standing if each.entry.key not in still and each.entry.resolved_ns > recent_ns]
        return firing, over

    def _post(self, firing: list[Entry], over: list[Entry]) -> bool:
        if not firing and not over:
            return True
        try:
            self.receiver.post(to_alertmanager(firing, over, self.unit, datetime.now(UTC), _LASTING))
        except (RetryableError, RejectedError) as error:
            outcome = "failed" if isinstance(error, RetryableError) else "refused"
            _log.warning("alertmanager.failed", receiver=self.receiver.name, outcome=outcome, reason=str(error))
            return False
        self.backoff.reset()
        return True
