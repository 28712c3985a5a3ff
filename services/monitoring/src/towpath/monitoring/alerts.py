"""From findings to alerts: one that fires is told once, and once more when it is over. What people do about them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from towpath.core.clock import utc_now
from towpath.core.errors import ConflictError, NotFoundError, RejectedError
from towpath.core.ids import alert_id, new_id
from towpath.monitoring.domain.alerts import Entry
from towpath.monitoring.domain.book import Book
from towpath.monitoring.domain.finding import Finding, Severity
from towpath.monitoring.domain.silences import MAX_SILENCES
from towpath.v1 import Alert, AlertSeverity, AlertState

__all__ = ["AlertDesk", "Standing"]

_SEVERITIES: dict[Severity, int] = {
    "info": AlertSeverity.ALERT_SEVERITY_INFO,
    "warning": AlertSeverity.ALERT_SEVERITY_WARNING,
    "page": AlertSeverity.ALERT_SEVERITY_PAGE,
}
_RUNBOOK = "docs/alerts.md"
_ITSELF = "monitoring"
_REMEMBERED_NS = 30 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert, and the silence that keeps it from being sent, if any does."""

    entry: Entry
    silence: Alert | None = None


@dataclass
class AlertDesk:
    """The use case. What is on the topic `alerts` is all it remembers: told again, it knows the same.

    A cause that was over does not fire again within `cooldown_s`, unless it is more severe than it was. Threads may
    share it. What its methods return is to be written to the topic, and then `seen`.
    """

    objective: str
    cooldown_s: float = 3600.0
    now: Callable[[], datetime] = utc_now
    _book: Book = field(default_factory=Book)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seen(self, alert: Alert) -> None:
        """What the topic says, by whomever it was written."""
        with self._lock:
            self._book.apply(alert)

    def knows(self, alert_id: str) -> bool:
        """Whether the topic has said it already."""
        with self._lock:
            return self._book.alerts.find(alert_id) is not None

    def due(self, findings: Iterable[Finding]) -> list[Alert]:
        """What is to be told now. It is told again until it was `seen`."""
        found = list(findings)
        with self._lock:
            now_ns = _ns(self.now())
            self._book.alerts.forget(now_ns - _REMEMBERED_NS)
            alerts = [alert for each in found for alert in self._from(each)]
            over = self._book.silences.expired(now_ns)
            return [*alerts, *(self._lifted(each, _ITSELF, "its time is over") for each in over)]

    def over(self, monitor: str, still: str | None, reason: str) -> list[Alert]:
        """Open alerts of `monitor` whose cause is not `still`."""
        with self._lock:
            gone = [
                each for each in self._book.alerts.open()
                if each.key[0] == self.objective and each.fired.monitor == monitor and each.key[1] != still
            ]  # fmt: skip
            return [self._changed(each, AlertState.ALERT_STATE_RESOLVED, _ITSELF, reason) for each in gone]

    def standing(self, *, closed: bool = False) -> list[Standing]:
        """Open alerts, the worst first, of equal ones the newest; then those that are over, the last first."""
        with self._lock:
            entries = sorted(self._book.alerts.open(), key=lambda each: (-each.severity, -each.started_ns))
            entries += reversed(self._book.alerts.closed()) if closed else ()
            return [Standing(each, self._book.silence_of(each)) for each in entries]

    def silences(self) -> list[Alert]:
        """Those that last."""
        with self._lock:
            return self._book.silences.active()

    def one(self, alert_id: str) -> Standing:
        """Raises NotFoundError where there is none of that id."""
        with self._lock:
            entry = self._entry(alert_id)
            return Standing(entry, self._book.silence_of(entry))

    def acknowledge(self, alert_id: str, actor: str, reason: str) -> Alert | None:
        """None where somebody has already. Raises NotFoundError; ConflictError where it is over."""
        with self._lock:
            entry = self._entry(alert_id)
            if entry.state == AlertState.ALERT_STATE_RESOLVED:
                raise ConflictError(f"{alert_id} is over: there is nothing to acknowledge")
            if entry.state == AlertState.ALERT_STATE_ACKNOWLEDGED:
                return None
            return self._changed(entry, AlertState.ALERT_STATE_ACKNOWLEDGED, actor, reason)

    def resolve(self, alert_id: str, actor: str, reason: str) -> Alert | None:
        """None where it is over already. Raises NotFoundError."""
        with self._lock:
            entry = self._entry(alert_id)
            if entry.state == AlertState.ALERT_STATE_RESOLVED:
                return None
            return self._changed(entry, AlertState.ALERT_STATE_RESOLVED, actor, reason)

    def silence(self, cause: str, until: datetime, actor: str, reason: str) -> Alert:
        """Raises RejectedError where `until` has passed; ConflictError where there are too many."""
        now = self.now()
        if until <= now:
            raise RejectedError(f"{until:%Y-%m-%dT%H:%M:%SZ} has passed: say a time to come", where="until")
        with self._lock:
            if len(self._book.silences.active()) >= MAX_SILENCES:
                raise ConflictError(f"there are {MAX_SILENCES} silences: lift some, or silence `monitor/` as a whole")
        silence = Alert(
            alert_id=new_id("sil"), objective=self.objective, cause=cause, actor=actor, reason=reason,
            state=AlertState.ALERT_STATE_SILENCED,
        )  # fmt: skip
        silence.created_at.FromDatetime(now)
        silence.until.FromDatetime(until)
        return silence

    def unsilence(self, silence_id: str, actor: str, reason: str) -> Alert | None:
        """None where it is over already. Raises NotFoundError."""
        with self._lock:
            silence = self._book.silences.find(silence_id)
            if silence is not None:
                return self._lifted(silence, actor, reason)
            if self._book.silences.was(silence_id):
                return None
        raise NotFoundError(f"no silence {silence_id!r}: `towpath alerts list` shows those that last")

    # ------------------------------------------------------------------
    def _entry(self, alert_id: str) -> Entry:
        entry = self._book.alerts.find(alert_id)
        if entry is None:
            raise NotFoundError(f"no alert {alert_id!r}: `towpath alerts list --all` shows those that are remembered")
        return entry

    def _from(self, finding: Finding) -> Iterator[Alert]:
        entry = self._book.alerts.at((self.objective, finding.cause))
        if not finding.firing:
            if entry is not None:
                yield self._said(finding, entry.alert_id, entry.severity, AlertState.ALERT_STATE_RESOLVED, entry)
            return
        severity = _SEVERITIES[finding.severity]
        if entry is not None:
            if severity > entry.severity:
                yield self._said(finding, entry.alert_id, severity, AlertState.ALERT_STATE_FIRING, entry)
            return
        last = self._book.alerts.last((self.objective, finding.cause))
        if last is None or severity > last.severity or self._has_cooled(last):
            # The same whoever says it, and however often: named after what was before it and not by the clock.
            identity = alert_id(self.objective, finding.cause, last.alert_id if last else "")
            yield self._said(finding, identity, severity, AlertState.ALERT_STATE_FIRING, last)

    def _has_cooled(self, last: Entry) -> bool:
        return _ns(self.now()) - last.resolved_ns >= self.cooldown_s * 1e9

    def _said(self, finding: Finding, identity: str, severity: int, state: AlertState, before: Entry | None) -> Alert:
        alert = Alert(
            alert_id=identity,
            objective=self.objective,
            monitor=finding.monitor,
            severity=AlertSeverity.Name(severity),
            summary=finding.summary,
            runbook_url=_RUNBOOK,
            release_id=finding.release_id,
            evidence=finding.evidence,
            extra_cost_per_thousand=finding.extra_cost_per_thousand,
            cause=finding.cause,
            state=state,
            document_ids=finding.document_ids,
            # What follows from it, to a new release's predictions, goes on with the trace that begins here. It is the
            # id's own 128 bits: an alert that is told again begins no other.
            trace_id=identity.rpartition("-")[2],
        )
        alert.created_at.FromNanoseconds(self._after(before))
        if finding.began_at is not None:
            alert.began_at.FromNanoseconds(int(finding.began_at * 1e9))
        return alert

    def _changed(self, entry: Entry, state: AlertState, actor: str, reason: str) -> Alert:
        alert = Alert()
        alert.CopyFrom(entry.alert)
        alert.state, alert.actor, alert.reason = state, actor, reason
        alert.created_at.FromNanoseconds(self._after(entry))
        return alert

    def _lifted(self, silence: Alert, actor: str, reason: str) -> Alert:
        lifted = Alert()
        lifted.CopyFrom(silence)
        lifted.state, lifted.actor, lifted.reason = AlertState.ALERT_STATE_UNSILENCED, actor, reason
        lifted.created_at.FromNanoseconds(max(_ns(self.now()), silence.created_at.ToNanoseconds() + 1))
        return lifted

    def _after(self, before: Entry | None) -> int:
        """Now, and later than what it follows: clocks of two writers may differ."""
        return max(_ns(self.now()), before.last_ns + 1 if before else 0)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1e6) * 1000
