"""What the topic `alerts` says: which alerts are not over, what training told of them, and what it asks for itself."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from towpath.core.ids import alert_id
from towpath.training.domain.retraining.facts import Trouble, covers
from towpath.training.domain.retraining.plan import Call, Told
from towpath.v1 import Alert, AlertSeverity, AlertState

__all__ = ["ACTOR", "MONITOR", "Alerts", "Decided"]

ACTOR, MONITOR = "training", "retraining"
_RUN = re.compile(r"run (run-[0-9a-f]+) ")
_OVER, _DECISIONS = 10_000, 50
_RUNBOOK = "docs/retraining.md"


@dataclass(frozen=True, slots=True)
class Decided:
    """`told` of an alert of `cause`, or asked by training itself (`cause` begins with "retraining/"), at `at`."""

    at: float
    alert_id: str
    cause: str
    told: str
    run_id: str = ""


@dataclass(slots=True)
class _Open:
    alert: Alert
    raised_at: float
    decided: bool = False
    told_run: str = ""


@dataclass
class Alerts:
    """Those of one objective. It takes messages in the topic's order; one that is taken twice changes nothing."""

    objective: str
    decisions: deque[Decided] = field(default_factory=lambda: deque(maxlen=_DECISIONS))
    _open: dict[str, _Open] = field(default_factory=dict)
    _own: dict[str, Alert] = field(default_factory=dict)
    _silenced: dict[str, tuple[str, float]] = field(default_factory=dict)
    _over: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def take(self, alert: Alert, at: float) -> None:
        """A message that was written `at`."""
        if alert.objective != self.objective or not alert.cause:
            return
        if alert.state == AlertState.ALERT_STATE_SILENCED:
            self._silenced[alert.alert_id] = (alert.cause, alert.until.ToNanoseconds() / 1e9)
        elif alert.state == AlertState.ALERT_STATE_UNSILENCED:
            self._silenced.pop(alert.alert_id, None)
        elif alert.monitor == MONITOR:
            self._take_own(alert, at)
        else:
            self._take_others(alert, at)

    def troubles(self, now: float) -> list[Trouble]:
        """Alerts that are not over and not silenced, the oldest first."""
        return [
            Trouble(
                each.alert.alert_id,
                each.alert.cause,
                each.alert.extra_cost_per_thousand,
                each.raised_at,
                each.alert.trace_id,
                each.decided,
                each.told_run,
                tuple(each.alert.document_ids),
            )
            for each in self._open.values()
            if not self._is_silenced(each.alert.cause, now)
        ]

    def messages(self, told: Iterable[Told], calls: Iterable[Call], now: float) -> list[Alert]:
        """What is to be written: acknowledgements, and what training asks for since now, or no longer."""
        made = [self._acknowledged(each) for each in told]
        wanted = {each.cause: each for each in calls}
        made += [self._called(each, now) for cause, each in wanted.items() if cause not in self._own]
        made += [_resolved(alert, now) for cause, alert in self._own.items() if cause not in wanted]
        return made

    def asked(self) -> list[Alert]:
        """What training asks for."""
        return list(self._own.values())

    def _take_others(self, alert: Alert, at: float) -> None:
        if alert.state == AlertState.ALERT_STATE_RESOLVED:
            self._open.pop(alert.alert_id, None)
            self._over[alert.alert_id] = None
            if len(self._over) > _OVER:
                self._over.popitem(last=False)
        elif alert.state == AlertState.ALERT_STATE_ACKNOWLEDGED:
            # What was told of an alert just when it ended came too late.
            if alert.alert_id not in self._over:
                self._acknowledge(alert, at)
        else:
            # Again where it got worse, or where ids come round again: it is decided upon anew.
            self._over.pop(alert.alert_id, None)
            self._open[alert.alert_id] = _Open(alert, at)

    def _acknowledge(self, alert: Alert, at: float) -> None:
        known = self._open.setdefault(alert.alert_id, _Open(alert, at))
        known.alert = alert
        if alert.actor != ACTOR:
            return
        found = _RUN.match(alert.reason)
        run_id = found[1] if found else ""
        if not known.decided or known.told_run != run_id:
            self.decisions.append(Decided(at, alert.alert_id, alert.cause, alert.reason, run_id))
        known.decided, known.told_run = True, run_id

    def _take_own(self, alert: Alert, at: float) -> None:
        if alert.state == AlertState.ALERT_STATE_RESOLVED:
            self._own.pop(alert.cause, None)
            return
        if alert.cause not in self._own:
            self.decisions.append(Decided(at, alert.alert_id, alert.cause, alert.summary))
        self._own[alert.cause] = alert

    def _is_silenced(self, cause: str, now: float) -> bool:
        return any(now < until and covers(silenced, cause) for silenced, until in self._silenced.values())

    def _acknowledged(self, told: Told) -> Alert:
        made = Alert()
        made.CopyFrom(self._open[told.alert_id].alert)
        made.state, made.actor, made.reason = AlertState.ALERT_STATE_ACKNOWLEDGED, ACTOR, told.reason
        return made

    def _called(self, call: Call, now: float) -> Alert:
        info = AlertSeverity.ALERT_SEVERITY_INFO
        identity = alert_id(self.objective, call.cause, f"{now:.6f}")
        made = Alert(
            alert_id=identity,
            objective=self.objective,
            monitor=MONITOR,
            severity=info if call.severity == "info" else AlertSeverity.ALERT_SEVERITY_WARNING,
            summary=f"{call.summary}: {call.command} --alert {identity}" if call.command else call.summary,
            document_ids=call.document_ids,
            evidence=call.evidence,
            cause=call.cause,
            runbook_url=_RUNBOOK,
            state=AlertState.ALERT_STATE_FIRING,
            trace_id=call.trace_id,
            actor=ACTOR,
        )
        made.created_at.FromDatetime(datetime.fromtimestamp(now, UTC))
        return made


def _resolved(alert: Alert, now: float) -> Alert:
    made = Alert()
    made.CopyFrom(alert)
    made.state, made.actor = AlertState.ALERT_STATE_RESOLVED, ACTOR
    made.created_at.FromDatetime(datetime.fromtimestamp(now, UTC))
    return made
