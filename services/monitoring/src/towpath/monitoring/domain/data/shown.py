"""What is known of the shares, for people: figures, and a sentence."""

from __future__ import annotations

import math

from pydantic import Field

from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.data.share import Share, ShareAlarm
from towpath.monitoring.domain.finding import Finding, Severity

__all__ = ["Data", "finding", "shown"]

_DAY_S = 86_400.0


class ShareAlarmShown(Answer):
    """That more is found than is allowed, or another share than before."""

    severity: Severity
    began_at: float = Field(description="when it most likely began, in seconds since the epoch")
    fired_at: float
    since: int = Field(description="documents from then to the alarm")
    before: float | None = Field(description="share before that; null where nothing was before it")
    after: float = Field(description="share of those documents")
    log10_evidence: float = Field(description="what the best bet made of 1 since it began, as a power of ten")
    document_ids: list[str] = Field(description="ten of them")
    explanation: str


class ShareShown(Answer):
    """A check on documents as they come in."""

    check: str = Field(examples=["language"])
    share: float = Field(description="0 to 1, of the last documents")
    limit: float | None = Field(description="the objective's; null where it has none")
    documents: int = Field(description="that its bets have seen; 0 where it raises no alarm")
    capital: float = Field(description="what bets have made; at 1 it alarms")
    false_alarm_every_days: float | None = Field(description="on average at most; null: it raises none")
    alarm: ShareAlarmShown | None = Field(description="null where none lasts")


class Data(Answer):
    """What the last documents are like."""

    documents: int = Field(description="the last ones, of which shares are")
    checks: list[ShareShown]
    languages: dict[str, float] = Field(description="shares of the objective's, of others, and of und: not known")
    skew: dict[str, float] = Field(description="population stability index against the first window; empty before")


def shown(check: str, share: float, limit: float | None, watched: Share | None, said: str) -> ShareShown:
    """What is told over HTTP. `said`: what a document is that the check finds, as "in another language"."""
    alarm = None if watched is None else watched.alarm
    return ShareShown(
        check=check,
        share=share,
        limit=limit,
        documents=0 if watched is None else watched.documents,
        capital=0.0 if watched is None else min(1.0, watched.capital),
        false_alarm_every_days=1 / watched.rate / _DAY_S if watched is not None and watched.rate else None,
        alarm=None if watched is None or alarm is None else _alarm(watched, alarm, said),
    )


def finding(cause: str, watched: Share | None, said: str) -> Finding:
    """What is told on `alerts`."""
    alarm = None if watched is None else watched.alarm
    if watched is None or alarm is None:
        return Finding(cause, firing=False, summary=f"no longer are too many documents {said}, for sure")
    evidence = {"documents": float(watched.documents), "since": float(alarm.since), "after": alarm.after}
    evidence["log10_evidence"] = alarm.log_evidence / math.log(10)
    if not math.isnan(alarm.before):
        evidence["before"] = alarm.before
    if watched.limit is not None:
        evidence["limit"] = watched.limit
    if watched.rate:
        evidence["false_alarm_every_days"] = 1 / watched.rate / _DAY_S
    return Finding(
        cause,
        firing=True,
        summary=_sentence(watched, alarm, said),
        severity=_severity(watched),
        evidence=evidence,
        began_at=alarm.began_at,
        document_ids=alarm.document_ids,
    )


def _alarm(watched: Share, alarm: ShareAlarm, said: str) -> ShareAlarmShown:
    return ShareAlarmShown(
        severity=_severity(watched),
        began_at=alarm.began_at,
        fired_at=alarm.fired_at,
        since=alarm.since,
        before=None if math.isnan(alarm.before) else alarm.before,
        after=alarm.after,
        log10_evidence=alarm.log_evidence / math.log(10),
        document_ids=list(alarm.document_ids),
        explanation=_sentence(watched, alarm, said),
    )


def _severity(watched: Share) -> Severity:
    """What the objective does not allow is to be looked at; it has no price, so nobody is woken."""
    return "info" if watched.limit is None else "warning"


def _sentence(watched: Share, alarm: ShareAlarm, said: str) -> str:
    before = "" if math.isnan(alarm.before) else f"{alarm.before:.1%} → "
    found = f"{watched.name}: {before}{alarm.after:.1%} of documents are {said}, in {alarm.since} since it began"
    if watched.limit is None:
        return f"{found}; that has changed, and the objective has no limit for it."
    return f"{found}, surely more than the {watched.limit:.1%} that the objective allows."
