"""All that the topic `alerts` says, folded."""

from __future__ import annotations

from dataclasses import dataclass, field

from towpath.monitoring.domain.alerts import Alerts, Entry
from towpath.monitoring.domain.silences import Silences
from towpath.v1 import Alert

__all__ = ["Book"]


@dataclass
class Book:
    """Alerts and silences; memory is bounded. One thread at a time."""

    alerts: Alerts = field(default_factory=Alerts)
    silences: Silences = field(default_factory=Silences)

    def apply(self, message: Alert) -> None:
        """The next message of the topic."""
        self.alerts.apply(message)
        self.silences.apply(message)

    def silence_of(self, entry: Entry) -> Alert | None:
        """What keeps it from being sent."""
        return self.silences.of(entry.key[1])
