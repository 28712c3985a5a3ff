"""What the routes of alerts take and answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from towpath.core.errors import RejectedError
from towpath.monitoring.alerts import Standing
from towpath.monitoring.domain.figures import severity_name, state_name
from towpath.v1 import Alert

__all__ = ["Alerts", "NewSilence", "ShownAlert", "Silence", "Which", "Why", "shown", "silence"]

_Words = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_Cause = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f-\x9f]+$")]
_Length = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LATEST_NS = 253_400_000_000 * 10**9  # nothing that a datetime cannot hold
_LONGEST = timedelta(days=366)


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", allow_inf_nan=False)


class Which(_Part):
    """Which alerts are shown."""

    all: bool = Field(False, description="those that are over, too")


class Why(_Part):
    """Who does it, and why: written down with it."""

    actor: _Words = Field("a person", examples=["ada"])
    reason: _Words = Field("asked for", examples=["I look into it"])


class NewSilence(Why):
    """What is not to be sent, and until when: `until`, or `for` so long from now."""

    cause: _Cause = Field(description="a cause, or a beginning that ends in /", examples=["drift/"])
    until: AwareDatetime | None = None
    lasting: _Length | None = Field(None, alias="for", examples=["2h"])

    def end(self, now: datetime) -> datetime:
        """Raises RejectedError unless exactly one end is said, at most a year away."""
        if (self.until is None) == (self.lasting is None):
            raise RejectedError("say when it ends by either `until` or `for`", where="/body")
        until = self.until
        if self.lasting is not None:
            until = now + min(timedelta(**{_UNITS[self.lasting[-1]]: int(self.lasting[:-1])}), 2 * _LONGEST)
        if until is None or until > now + _LONGEST:
            raise RejectedError("a silence lasts at most a year", where="/body")
        return until


class Silence(_Part):
    """One that lasts."""

    silence_id: str
    cause: str
    until: datetime
    actor: str
    reason: str


class ShownAlert(_Part):
    """An alert as it is now."""

    alert_id: str
    objective: str
    monitor: str
    cause: str
    severity: str = Field(description="info, warning or page")
    state: str = Field(description="firing, acknowledged or resolved")
    summary: str
    runbook_url: str
    release_id: str
    evidence: dict[str, float]
    extra_cost_per_thousand: float = Field(description="in the objective's unit, estimated")
    document_ids: list[str]
    trace_id: str
    fired_at: datetime
    began_at: datetime | None = Field(None, description="when what it tells of began, where that is known")
    resolved_at: datetime | None = None
    actor: str = Field(description="who brought this state about, where that was not the monitor")
    reason: str
    silenced_until: datetime | None = None


class Alerts(_Part):
    """Open ones, the worst first; silences that last."""

    alerts: list[ShownAlert]
    silences: list[Silence]


def shown(standing: Standing) -> ShownAlert:
    entry, alert = standing.entry, standing.entry.alert
    over = state_name(entry.state) == "resolved"
    return ShownAlert(
        alert_id=entry.alert_id,
        objective=alert.objective,
        monitor=alert.monitor,
        cause=entry.key[1],
        severity=severity_name(entry.severity),
        state=state_name(entry.state),
        summary=alert.summary,
        runbook_url=alert.runbook_url,
        release_id=alert.release_id,
        evidence={name: value for name, value in alert.evidence.items() if isfinite(value)},
        extra_cost_per_thousand=alert.extra_cost_per_thousand if isfinite(alert.extra_cost_per_thousand) else 0.0,
        document_ids=list(alert.document_ids),
        trace_id=alert.trace_id,
        fired_at=_moment(entry.started_ns),
        began_at=_moment(alert.began_at.ToNanoseconds()) if alert.HasField("began_at") else None,
        resolved_at=_moment(entry.resolved_ns) if over else None,
        actor=alert.actor,
        reason=alert.reason,
        silenced_until=_moment(standing.silence.until.ToNanoseconds()) if standing.silence and not over else None,
    )


def silence(said: Alert) -> Silence:
    until = _moment(said.until.ToNanoseconds())
    return Silence(silence_id=said.alert_id, cause=said.cause, until=until, actor=said.actor, reason=said.reason)


def _moment(ns: int) -> datetime:
    return datetime.fromtimestamp(max(0, min(ns, _LATEST_NS)) / 1e9, UTC)
