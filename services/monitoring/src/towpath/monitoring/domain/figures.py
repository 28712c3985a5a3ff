"""How many alerts are open, as Prometheus is told: bounded labels. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from towpath.monitoring.domain.alerts import Entry
from towpath.v1 import AlertSeverity, AlertState

__all__ = ["Labels", "open_alerts", "severity_name", "state_name"]

Labels = tuple[str, str, str]
"""Monitor, severity, state."""
_MAX_MONITORS = 50
_OTHER = "other"
_SEVERITIES: dict[int, str] = {
    AlertSeverity.ALERT_SEVERITY_WARNING: "warning",
    AlertSeverity.ALERT_SEVERITY_PAGE: "page",
}
_STATES: dict[int, str] = {
    AlertState.ALERT_STATE_ACKNOWLEDGED: "acknowledged",
    AlertState.ALERT_STATE_RESOLVED: "resolved",
}


def open_alerts(entries: Iterable[tuple[Entry, bool]]) -> Counter[Labels]:
    """Of open alerts, each with whether it is silenced. Monitors beyond the first 50 by name are "other"."""
    listed = list(entries)
    known = set(sorted({entry.fired.monitor for entry, _ in listed})[:_MAX_MONITORS])
    return Counter(
        (
            entry.fired.monitor if entry.fired.monitor in known else _OTHER,
            severity_name(entry.severity),
            "silenced" if silenced else state_name(entry.state),
        )
        for entry, silenced in listed
    )


def severity_name(severity: int) -> str:
    """info, warning or page; "info" where none was said."""
    return _SEVERITIES.get(severity, "info")


def state_name(state: int) -> str:
    """firing, acknowledged or resolved."""
    return _STATES.get(state, "firing")
