"""What a monitor says, and what every monitor is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from towpath.core.objective import Objective
from towpath.monitoring.domain.reading import PredictionReader, Reading
from towpath.v1 import Alert, AlertState, Feedback, ModelRelease, Prediction

__all__ = ["Finding", "Monitor", "ReadingMonitor", "Severity", "is_ended_by_somebody"]

Severity = Literal["info", "warning", "page"]


@dataclass(frozen=True, slots=True)
class Finding:
    """That something is the matter (`firing`), or is no longer.

    `cause` is the same whenever it is the same trouble, and begins with the monitor's name: "drift/embedding". Costs
    are in the objective's unit. `began_at` is in seconds since the epoch; None where nobody knows.
    """

    cause: str
    firing: bool
    summary: str
    severity: Severity = "warning"
    release_id: str = ""
    evidence: Mapping[str, float] = field(default_factory=dict)
    extra_cost_per_thousand: float = 0.0
    began_at: float | None = None
    document_ids: tuple[str, ...] = ()

    @property
    def monitor(self) -> str:
        return self.cause.split("/", 1)[0]


def is_ended_by_somebody(alert: Alert) -> bool:
    """Whether it says that an alert is over, and not because a monitor found so: that monitor knows."""
    return alert.state == AlertState.ALERT_STATE_RESOLVED and alert.actor not in ("", "monitoring")


class Monitor:
    """Sees every message once, in the order of its topic, history included; memory is bounded. Threads may share it.

    One that has no use for a kind of message leaves it out.
    """

    def release(self, message: ModelRelease) -> None:
        """A release that reigns from now on."""

    def prediction(self, message: Prediction) -> None:
        """One that was not seen before."""

    def feedback(self, message: Feedback) -> None:
        """One that was not seen before, whose truth is a class of the objective."""

    def heed(self, alert: Alert) -> None:
        """What the topic `alerts` says, by whomever it was written."""

    def findings(self) -> Iterable[Finding]:
        """Everything that is the matter now, and what was and is over. Asked after every poll, so it must be cheap."""
        return ()


class ReadingMonitor(Monitor, ABC):
    """One that goes by what was read of predictions, once for all such monitors, and takes several at once."""

    objective: Objective

    @cached_property
    def _reader(self) -> PredictionReader:
        return PredictionReader(self.objective.classes)

    def prediction(self, message: Prediction) -> None:
        """For who has but the message."""
        self.read([self._reader.read(message)])

    @abstractmethod
    def read(self, predictions: Sequence[Reading]) -> None:
        """Of predictions that were not seen before, in their order."""
