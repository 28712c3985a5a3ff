"""Watching what documents are as they come in: are they what the objective wants, and what they were?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.chance import chances
from towpath.monitoring.domain.data.share import Looked, Share
from towpath.monitoring.domain.data.shown import Data, finding, shown
from towpath.monitoring.domain.finding import Finding, Monitor, is_ended_by_somebody
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.preparation.quality.stream import SAID, STREAM_CHECKS, StreamProfile
from towpath.v1 import Alert, AlertState, Document

__all__ = ["DATA_CAUSES", "DataMonitor"]

# Of a length that is not allowed ingestion takes none.
_WATCHED = ("language", "duplicates", "near-duplicates", "encoding", "personal-data")
DATA_CAUSES = tuple(f"data/{name}" for name in _WATCHED)
_LASTING = (AlertState.ALERT_STATE_FIRING, AlertState.ALERT_STATE_ACKNOWLEDGED)


@dataclass
class DataMonitor(Monitor):
    """The use case. Nothing of documents is read again after a restart: an alarm that was told lasts by what the topic
    `alerts` says of it, until documents show that it is over. Threads may share it.
    """

    objective: Objective
    metrics: MonitoringMetrics
    budget: Budget
    window: int
    now: Callable[[], float] = time.time
    # Texts take long to look at; who asks what is the matter does not wait for that.
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.limits = self.objective.contract.data_quality
        self.profile = StreamProfile(self.limits, window=self.window)
        self._last = self.now()
        self._shares = {f"data/{name}": self._share(name) for name in _WATCHED if self._is_watched(name)}
        for check in STREAM_CHECKS:
            limit = self.profile.limit(check)
            if limit is not None:
                self.metrics.data_limit.labels(check).set(limit)

    def look(self, documents: Sequence[Document]) -> None:
        """The next documents, or a sample of them that was not chosen by what they say."""
        now = self.now()
        with self._looking:
            found = [self.profile.add(each.text) for each in documents]
            self._publish()
        looked = [
            (each.document_id, chances(each.document_id)[0], of) for each, of in zip(documents, found, strict=True)
        ]
        with self._lock:
            for share in self._shares.values():
                share.step([Looked(each, share.name in of, tie, now) for each, tie, of in looked], now - self._last)
                self.metrics.data_capital.labels(share.name).set(min(1.0, share.capital))
                self.metrics.data_firing.labels(share.name).set(share.alarm is not None)
            self._last = now

    def heed(self, alert: Alert) -> None:
        """What was told before a restart, and what somebody resolved."""
        share = self._shares.get(alert.cause)
        if share is None or alert.objective != self.objective.name:
            return
        at = alert.created_at.ToNanoseconds() / 1e9
        with self._lock:
            if alert.state in _LASTING:
                began = alert.began_at.ToNanoseconds() / 1e9 if alert.HasField("began_at") else at
                share.adopt(alert.evidence, began, at, alert.document_ids)
            elif alert.state == AlertState.ALERT_STATE_RESOLVED:
                alarm = share.alarm
                if alarm is not None and alarm.fired_at <= at and (alarm.adopted or is_ended_by_somebody(alert)):
                    share.end()

    def findings(self) -> Iterable[Finding]:
        """One of each of `DATA_CAUSES`."""
        with self._lock:
            return [finding(each, self._shares.get(each), SAID[each.removeprefix("data/")]) for each in DATA_CAUSES]

    def shown(self) -> Data:
        """For people."""
        with self._looking, self._lock:
            shares = self.profile.shares()
            checks = [
                shown(each, shares[each], self.profile.limit(each), self._shares.get(f"data/{each}"), SAID[each])
                for each in STREAM_CHECKS
            ]
            return Data(
                documents=len(self.profile),
                checks=checks,
                languages=self.profile.languages(),
                skew=self.profile.skew(),
            )

    def _is_watched(self, name: str) -> bool:
        return name != "language" or bool(self.limits.languages)

    def _share(self, name: str) -> Share:
        return Share(name, self.profile.limit(name), self.budget.share(f"data/{name}") / self.budget.period_s)

    def _publish(self) -> None:
        self.metrics.data_documents.set(len(self.profile))
        for check, found in self.profile.shares().items():
            self.metrics.data_found.labels(check).set(found)
        for language, part in self.profile.languages().items():
            self.metrics.data_languages.labels(language).set(part)
        for of, index in self.profile.skew().items():
            self.metrics.data_skew.labels(of).set(index)
