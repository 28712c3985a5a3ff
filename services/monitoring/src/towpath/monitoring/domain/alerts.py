"""The fold of the topic `alerts`: which alerts are open, which are over. Pure.

Repeats change nothing, also late ones: of each kind of message an alert's last is known by its time, and one that is
no later has been seen. Kinds are told apart, so that clocks of different writers need not agree.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from towpath.v1 import Alert, AlertSeverity, AlertState

__all__ = ["Alerts", "Entry", "Key"]

Key = tuple[str, str]
"""Objective and cause: of one cause, one alert is open."""
_MAX_OPEN, _MAX_CLOSED = 1000, 1000
_LATEST_NS = 253_000_000_000 * 10**9  # in the year 9987: what comes after it can still be written down
_MAX_DOCUMENTS, _MAX_EVIDENCE, _MAX_WORDS = 50, 100, 2000
FIRING, ACKNOWLEDGED, RESOLVED = (
    AlertState.ALERT_STATE_FIRING,
    AlertState.ALERT_STATE_ACKNOWLEDGED,
    AlertState.ALERT_STATE_RESOLVED,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert as it is now. Times are nanoseconds since the epoch; 0: that has not been.

    `fired` is what was said last while it fired: its labels go by that. `alert` is what was said last at all.
    `severity` is the highest since it began.
    """

    key: Key
    state: AlertState
    fired: Alert
    alert: Alert
    severity: int
    started_ns: int
    fired_ns: int
    acknowledged_ns: int = 0
    resolved_ns: int = 0

    @property
    def alert_id(self) -> str:
        return self.fired.alert_id

    @property
    def last_ns(self) -> int:
        """When the last of its messages was made: a new one must be later."""
        return max(self.fired_ns, self.acknowledged_ns, self.resolved_ns)


class Alerts:
    """At most 1,000 open ones (the oldest are forgotten first) and as many that are over."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Entry] = OrderedDict()
        self._closed: OrderedDict[str, Entry] = OrderedDict()
        self._by_key: dict[Key, str] = {}

    def apply(self, alert: Alert) -> None:
        """What the topic says; silences are no alerts and are passed over."""
        step = _STEPS.get(alert.state)
        if step is None or not alert.alert_id:
            return
        at = max(0, min(alert.created_at.ToNanoseconds(), _LATEST_NS))
        after = step(self.find(alert.alert_id), _bounded(alert), at)
        if after is not None:
            self._put(after)

    def open(self) -> list[Entry]:
        return list(self._open.values())

    def closed(self) -> list[Entry]:
        """The last to end comes last."""
        return list(self._closed.values())

    def find(self, alert_id: str) -> Entry | None:
        return self._open.get(alert_id) or self._closed.get(alert_id)

    def at(self, key: Key) -> Entry | None:
        """The open one of a cause."""
        return self._open.get(self._by_key.get(key, ""))

    def last(self, key: Key) -> Entry | None:
        """The one of a cause that was over last."""
        return next((each for each in reversed(self._closed.values()) if each.key == key), None)

    def forget(self, before_ns: int) -> None:
        """Those that were over by then."""
        for each in [each.alert_id for each in self._closed.values() if each.resolved_ns < before_ns]:
            del self._closed[each]

    def _put(self, entry: Entry) -> None:
        self._closed.pop(entry.alert_id, None)
        if entry.state == RESOLVED:
            self._close(entry)
            return
        before = self.at(entry.key)
        if before is not None and before.alert_id != entry.alert_id:
            # The same trouble under a new id: there is no more to do about the old one.
            self._close(replace(before, state=RESOLVED, resolved_ns=max(entry.fired_ns, before.last_ns)))
        self._open[entry.alert_id] = entry
        self._by_key[entry.key] = entry.alert_id
        if len(self._open) > _MAX_OPEN:
            _, oldest = self._open.popitem(last=False)
            del self._by_key[oldest.key]

    def _close(self, entry: Entry) -> None:
        if self._open.pop(entry.alert_id, None) is not None:
            del self._by_key[entry.key]
        self._closed[entry.alert_id] = entry
        if len(self._closed) > _MAX_CLOSED:
            self._closed.popitem(last=False)


def _fired(known: Entry | None, alert: Alert, at: int) -> Entry | None:
    if known is None:
        return _new(alert, FIRING, at)
    if at <= known.fired_ns:
        return None
    if known.state == RESOLVED:
        again = replace(known, state=FIRING, fired=alert, alert=alert, severity=alert.severity, started_ns=at)
        return replace(again, fired_ns=at) if at > known.resolved_ns else None
    if alert.severity <= known.severity:
        # Said again, as by another worker: who has seen it has seen it.
        return replace(known, fired_ns=at)
    return replace(known, state=FIRING, fired=alert, alert=alert, severity=alert.severity, fired_ns=at)


def _acknowledged(known: Entry | None, alert: Alert, at: int) -> Entry | None:
    if known is None:
        return replace(_new(alert, ACKNOWLEDGED, at), acknowledged_ns=at)
    if at <= known.acknowledged_ns:
        return None
    if known.state == RESOLVED:
        return replace(known, acknowledged_ns=at)  # too late; it says nothing of a next time either
    return replace(known, state=ACKNOWLEDGED, alert=alert, acknowledged_ns=at)


def _resolved(known: Entry | None, alert: Alert, at: int) -> Entry | None:
    if known is None:
        return replace(_new(alert, RESOLVED, at), resolved_ns=at)
    if at <= known.resolved_ns:
        return None
    if known.state == RESOLVED:
        return replace(known, resolved_ns=at)
    return replace(known, state=RESOLVED, alert=alert, resolved_ns=at)


_STEPS: dict[int, Callable[[Entry | None, Alert, int], Entry | None]] = {
    AlertState.ALERT_STATE_UNSPECIFIED: _fired,
    FIRING: _fired,
    ACKNOWLEDGED: _acknowledged,
    RESOLVED: _resolved,
}


def _new(alert: Alert, state: AlertState, at: int) -> Entry:
    # Of before causes were told, each is on its own.
    key = alert.objective, alert.cause or f"{alert.monitor}/{alert.alert_id}"
    return Entry(key, state, alert, alert, alert.severity, at, at)


def _bounded(alert: Alert) -> Alert:
    """What is kept of it."""
    kept = Alert()
    kept.CopyFrom(alert)
    if alert.severity not in AlertSeverity.values():
        kept.severity = AlertSeverity.ALERT_SEVERITY_UNSPECIFIED  # of a writer that is newer than this reader
    kept.summary, kept.reason, kept.actor = alert.summary[:_MAX_WORDS], alert.reason[:_MAX_WORDS], alert.actor[:200]
    del kept.document_ids[_MAX_DOCUMENTS:]
    for name in sorted(alert.evidence)[_MAX_EVIDENCE:]:
        del kept.evidence[name]
    return kept
