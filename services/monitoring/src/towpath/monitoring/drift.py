"""Watching the stream for documents that are others than those that the reigning release was judged on."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.scores import NAMES
from towpath.monitoring.domain.drift.shown import Shown, finding, shown
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.domain.finding import Finding, ReadingMonitor, is_ended_by_somebody
from towpath.monitoring.domain.reading import Reading
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.reigns import Reign, Waiting, waiting
from towpath.v1 import Alert, ModelRelease

__all__ = ["CAUSES", "DriftWatch"]

CAUSES = tuple(f"drift/{name}" for name in NAMES)
# Documents wait so long, for those that were made before them and are read after them: partitions take turns.
_WAIT_S = 5.0
# They are compared a second's at once: many small steps cost more than one.
_STEP_S = 1.0
_MOST_WAITING = 50_000
_RELEASES = 8
_ORDER = itemgetter(0, 1)


@dataclass
class DriftWatch(ReadingMonitor):
    """The use case, for the model that goes by the objective's name.

    Documents are counted in the order in which they were predicted, whatever partitions they come from, so that history
    read again leads to the same alarms. `budget` has a part for each of `CAUSES`.
    """

    objective: Objective
    metrics: MonitoringMetrics
    budget: Budget
    now: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[Waiting] = field(default_factory=list)
    _releases: OrderedDict[str, Reign] = field(default_factory=OrderedDict)
    _reigning: str = ""
    _until: float = -math.inf
    _late: bool = False
    _found: list[Finding] | None = None

    def release(self, message: ModelRelease) -> None:
        """One that was seen before goes on where it was: its reference has been used."""
        if message.model_name != self.objective.name:
            return
        with self._lock:
            known = self._releases.pop(message.release_id, None)
            reference = message.reference if message.HasField("reference") else None
            self._releases[message.release_id] = known or Reign(reference, self.objective, self.budget)
            self._reigning, self._found = message.release_id, None
            while len(self._releases) > _RELEASES:
                self._releases.popitem(last=False)

    def read(self, predictions: Sequence[Reading]) -> None:
        """One of an unknown release, as of a challenger, is not watched."""
        now = self.now()
        with self._lock:
            made = waiting([each for each in predictions if each.release_id in self._releases], now)
            self._waiting += made
            self._late = self._late or any(each.at <= self._until for each in made)
            while len(self._waiting) >= _MOST_WAITING:
                self._advance(sorted(each.at for each in self._waiting)[_MOST_WAITING // 2])

    def heed(self, alert: Alert) -> None:
        """What somebody resolved is over, of the release it was about. What monitoring resolved it knew."""
        if alert.objective != self.objective.name or not is_ended_by_somebody(alert):
            return
        with self._lock:
            self._found = None
            release = self._releases.get(alert.release_id)
            for each in release.watchings if release is not None else ():
                if alert.cause == f"drift/{each.watched.name}":
                    each.end(alert.created_at.ToNanoseconds() / 1e9)

    def findings(self) -> Iterable[Finding]:
        """Of the reigning release; a cause that is not watched is not the matter."""
        until = (self.now() - _WAIT_S) // _STEP_S * _STEP_S
        with self._lock:
            if until > self._until or self._late:
                self._until, self._late = until, False
                self._advance(until)
            if self._found is None:
                watchings = {f"drift/{each.watched.name}": each for each in self._watchings()}
                self._found = [
                    finding(each, watchings.get(each), self._reigning, self.objective.unit) for each in CAUSES
                ]
                self._publish(watchings.values())
            return self._found

    @property
    def reigning(self) -> str:
        """The release's id; empty where none reigns."""
        return self._reigning

    def shown(self) -> list[Shown]:
        """What is watched of the reigning release."""
        with self._lock:
            return [shown(each, self.objective.unit) for each in self._watchings()]

    def _watchings(self) -> list[Watching]:
        reigning = self._releases.get(self._reigning)
        return [] if reigning is None else reigning.watchings

    def _advance(self, until: float) -> None:
        ready = sorted((each for each in self._waiting if each.at <= until), key=_ORDER)
        if not ready:
            return
        self._found = None
        self._waiting = [each for each in self._waiting if each.at > until]
        for release_id in dict.fromkeys(each.read.release_id for each in ready):
            release = self._releases.get(release_id)
            if release is not None:
                release.step([each for each in ready if each.read.release_id == release_id])

    def _publish(self, watchings: Iterable[Watching]) -> None:
        for each in watchings:
            name, alarm = each.watched.name, each.alarm
            cost = None if alarm is None else alarm.cost()
            self.metrics.drift_documents.labels(name).set(each.documents)
            self.metrics.drift_capital.labels(name).set(each.capital)
            self.metrics.drift_firing.labels(name).set(alarm is not None)
            self.metrics.drift_extra.labels(name).set(cost.mean if cost else 0.0)
            self.metrics.drift_extra_lower.labels(name).set(cost.lower if cost else 0.0)
