"""Watching how many documents come, by what is predicted: silence, and floods, against the rhythm of the week."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Finding, ReadingMonitor, is_ended_by_somebody
from towpath.monitoring.domain.reading import Reading
from towpath.monitoring.domain.volume.counts import KEPT, SLOT_S
from towpath.monitoring.domain.volume.rhythm import Rhythm
from towpath.monitoring.domain.volume.shown import CAUSE, Volume, finding, shown
from towpath.monitoring.domain.volume.usual import DIRECTIONS
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import Alert

__all__ = ["CAUSE", "VolumeWatch"]

# What was made in a slot is read so long after it, at the latest; more after a time in which nothing could be read.
_WAIT_S = 60.0
_AWAY_S = 30.0
_CATCH_UP_S = 180.0


@dataclass
class VolumeWatch(ReadingMonitor):
    """The use case. A document is counted when it was predicted, so that history read again leads to the same alarms.

    That nothing comes is found by the clock `now`: `findings` is asked for after every poll. One thread tells it
    of predictions and asks; others may look.
    """

    objective: Objective
    metrics: MonitoringMetrics
    budget: Budget
    now: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _new: dict[int, int] = field(default_factory=dict)
    _asked: float = math.inf
    _not_before: float = -math.inf

    def __post_init__(self) -> None:
        self._rhythm = Rhythm(self.budget.share(CAUSE) / self.budget.period_s)
        self._today = self.now()

    def read(self, predictions: Sequence[Reading]) -> None:
        """What is dated after today is of now, and what is not dated."""
        for each in predictions:
            made = each.at
            if made > self._today or made < 1:
                self._today = self.now()
                made = min(made, self._today) if made >= 1 else self._today
            slot = int(made // SLOT_S)
            self._new[slot] = self._new.get(slot, 0) + 1
            if len(self._new) > KEPT:
                with self._lock:
                    self._take()

    def heed(self, alert: Alert) -> None:
        """What somebody resolved is how it is now. What monitoring resolved it knew."""
        told = alert.objective == self.objective.name and alert.cause == CAUSE
        if told and is_ended_by_somebody(alert):
            with self._lock:
                self._rhythm.end(alert.created_at.ToNanoseconds() / 1e9)

    def findings(self) -> Iterable[Finding]:
        """One, of `CAUSE`."""
        now = self.now()
        if now - self._asked > _AWAY_S:
            self._not_before = now + _CATCH_UP_S  # what came meanwhile is read first
        self._asked = now
        with self._lock:
            self._take()
            if now >= self._not_before and self._rhythm.advance(int((now - _WAIT_S) // SLOT_S)):
                self._publish()
            return [finding(self._rhythm)]

    def shown(self) -> Volume:
        """For people."""
        with self._lock:
            return shown(self._rhythm)

    def _take(self) -> None:
        new, self._new = self._new, {}
        for slot, documents in sorted(new.items()):
            self._rhythm.counts.add(slot, documents)

    def _publish(self) -> None:
        told = shown(self._rhythm)
        self.metrics.volume_documents.set(told.per_minute)
        if told.usual_per_minute is not None:
            self.metrics.volume_usual.set(told.usual_per_minute)
        for direction in DIRECTIONS:
            self.metrics.volume_capital.labels(direction).set(told.capital[direction])
            self.metrics.volume_firing.labels(direction).set(
                told.alarm is not None and told.alarm.direction == direction
            )
