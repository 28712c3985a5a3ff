"""What a watch knows, for people: figures, and a sentence."""

from __future__ import annotations

from pydantic import Field

from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.drift.alarm import Alarm
from towpath.monitoring.domain.drift.harm import Extra
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.domain.finding import Finding, Severity

__all__ = ["HARM_SHARE", "Shown", "ShownAlarm", "finding", "shown"]

HARM_SHARE = 0.1
"""Of what the reference's documents are expected to cost: what is surely dearer by more than that is paged."""
_DAY_S = 86_400.0


class ShownAlarm(Answer):
    """That a quantity has changed. Costs are of a document, in the unit."""

    score: str = Field(examples=["tokens"], description="that changed most clearly")
    severity: Severity
    fired_at: float = Field(description="seconds since the epoch, by the documents' clock")
    began_at: float = Field(description="when it most likely began")
    since: int = Field(description="documents from then to the alarm")
    before: float = Field(description="mean in the reference")
    after: float = Field(description="mean of those documents")
    log10_evidence: float = Field(description="what the best bet made of 1 since it began, as a power of ten")
    document_ids: list[str] = Field(description="those that show it best, the clearest first")
    extra_cost: float | None = Field(description="expected, of a document since then; null where nothing is priced")
    extra_cost_lower: float | None = Field(description="its lower bound, 95 %")
    explanation: str = Field(description="all this in a sentence")


class Shown(Answer):
    """A quantity that is watched."""

    name: str = Field(examples=["length"])
    about: str = Field(examples=["tokens"])
    scores: list[str] = Field(description="that are ranked, each by itself")
    documents: int = Field(description="of the reigning release that were compared")
    capital: float = Field(description="what bets against nothing having changed have made; at 1 it alarms")
    false_alarm_every_days: float | None = Field(description="on average at most; null: never, the budget is 0")
    alarm: ShownAlarm | None = Field(description="null where none lasts")


def shown(watching: Watching, unit: str) -> Shown:
    """What is told of it over HTTP."""
    alarm = watching.alarm
    return Shown(
        name=watching.watched.name,
        about=watching.watched.about,
        scores=list(watching.watched.names),
        documents=watching.documents,
        capital=min(1.0, watching.capital),
        false_alarm_every_days=1 / watching.rate / _DAY_S if watching.rate else None,
        alarm=None if alarm is None else _alarm(watching, alarm, unit),
    )


def finding(cause: str, watching: Watching | None, release_id: str, unit: str) -> Finding:
    """What is told on `alerts`."""
    alarm = None if watching is None else watching.alarm
    if watching is None or alarm is None:
        name = cause.partition("/")[2]
        return Finding(cause, firing=False, summary=f"{name}: nothing is known to differ now", release_id=release_id)
    cost = alarm.cost()
    evidence = {
        "documents": float(watching.documents),
        "since": float(alarm.since),
        "before": alarm.before,
        "after": alarm.after,
        "log10_evidence": alarm.log10_evidence,
        "false_alarm_every_days": 1 / watching.rate / _DAY_S,
    }
    if cost is not None:
        evidence |= {"extra_cost_lower_per_thousand": 1000 * cost.lower, "promised_cost": watching.promised or 0.0}
    return Finding(
        cause,
        firing=True,
        summary=_sentence(watching, alarm, cost, unit),
        severity=_severity(watching, cost),
        release_id=release_id,
        evidence=evidence,
        extra_cost_per_thousand=0.0 if cost is None else 1000 * cost.mean,
        began_at=alarm.began_at,
        document_ids=alarm.document_ids,
    )


def _alarm(watching: Watching, alarm: Alarm, unit: str) -> ShownAlarm:
    cost = alarm.cost()
    return ShownAlarm(
        score=alarm.score,
        severity=_severity(watching, cost),
        fired_at=alarm.fired_at,
        began_at=alarm.began_at,
        since=alarm.since,
        before=alarm.before,
        after=alarm.after,
        log10_evidence=alarm.log10_evidence,
        document_ids=list(alarm.document_ids),
        extra_cost=None if cost is None else cost.mean,
        extra_cost_lower=None if cost is None else cost.lower,
        explanation=_sentence(watching, alarm, cost, unit),
    )


def _severity(watching: Watching, cost: Extra | None) -> Severity:
    if cost is None or watching.promised is None:
        return "warning"  # nobody can say that it is harmless
    return "page" if cost.lower > HARM_SHARE * abs(watching.promised) else "info"


def _sentence(watching: Watching, alarm: Alarm, cost: Extra | None, unit: str) -> str:
    about = watching.watched.about
    what = about if alarm.score in about else f"{about}, {alarm.score}"
    found = f"{watching.watched.name} has changed: {what} {alarm.before:.3g} → {alarm.after:.3g} on average"
    found += f", in {alarm.since} documents since it began"
    if cost is None:
        return f"{found}; what it costs is not known."
    more = "more" if cost.mean >= 0 else "less"
    bound = f"surely at least {cost.lower:.2g} more" if cost.lower > 0 else "not surely more"
    return f"{found}. A document is expected to cost {abs(cost.mean):.2g} {unit} {more} than promised, {bound}."
