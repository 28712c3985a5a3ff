"""Watching the stream for documents that are others than those that the reigning release was judged on."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.scores import NAMES
from towpath.monitoring.domain.drift.shown import Shown, finding, shown
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.domain.finding import Finding, Monitor
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.reigns import Reign, Waiting, waiting
from towpath.v1 import Alert, AlertState, ModelRelease, Prediction

__all__ = ["CAUSES", "DriftWatch"]

CAUSES = tuple(f"drift/{name}" for name in NAMES)
# Documents wait so long, for those that were made before them and are read after them: partitions take turns.
_WAIT_S = 5.0
_MOST_WAITING = 50_000
_RELEASES = 8


@dataclass
class DriftWatch(Monitor):
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

    def release(self, message: ModelRelease) -> None:
        """One that was seen before goes on where it was: its reference has been used."""
        if message.model_name != self.objective.name:
            return
        with self._lock:
            known = self._releases.pop(message.release_id, None)
            reference = message.reference if message.HasField("reference") else None
            self._releases[message.release_id] = known or Reign(reference, self.objective, self.budget)
            self._reigning = message.release_id
            while len(self._releases) > _RELEASES:
                self._releases.popitem(last=False)

    def prediction(self, message: Prediction) -> None:
        """One of an unknown release, as of a challenger, is not watched."""
        if message.release_id not in self._releases:
            return
        made = waiting(message, self.objective, self.now())
        with self._lock:
            self._waiting.append(made)
            if len(self._waiting) >= _MOST_WAITING:
                self._advance(sorted(each.seen.at for each in self._waiting)[_MOST_WAITING // 2])

    def heed(self, alert: Alert) -> None:
        """What somebody resolved is over, of the release it was about. What monitoring resolved it knew."""
        if alert.objective != self.objective.name or alert.state != AlertState.ALERT_STATE_RESOLVED:
            return
        if alert.actor in ("", "monitoring"):
            return
        with self._lock:
            release = self._releases.get(alert.release_id)
            for each in release.watchings if release is not None else ():
                if alert.cause == f"drift/{each.watched.name}":
                    each.end(alert.created_at.ToNanoseconds() / 1e9)

    def findings(self) -> Iterable[Finding]:
        """Of the reigning release; a cause that is not watched is not the matter."""
        with self._lock:
            self._advance(self.now() - _WAIT_S)
            watchings = {f"drift/{each.watched.name}": each for each in self._watchings()}
            found = [finding(each, watchings.get(each), self._reigning, self.objective.unit) for each in CAUSES]
            self._publish(watchings.values())
        return found

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
        ready = sorted((each for each in self._waiting if each.seen.at <= until), key=lambda each: each.order)
        if not ready:
            return
        self._waiting = [each for each in self._waiting if each.seen.at > until]
        for release_id in dict.fromkeys(each.release_id for each in ready):
            release = self._releases.get(release_id)
            if release is not None:
                release.step([each for each in ready if each.release_id == release_id])

    def _publish(self, watchings: Iterable[Watching]) -> None:
        for each in watchings:
            name, alarm = each.watched.name, each.alarm
            cost = None if alarm is None else alarm.cost()
            self.metrics.drift_documents.labels(name).set(each.documents)
            self.metrics.drift_capital.labels(name).set(each.capital)
            self.metrics.drift_firing.labels(name).set(alarm is not None)
            self.metrics.drift_extra.labels(name).set(cost.mean if cost else 0.0)
            self.metrics.drift_extra_lower.labels(name).set(cost.lower if cost else 0.0)
