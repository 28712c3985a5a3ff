"""What is known of the volume, for people: figures, and a sentence."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from pydantic import Field

from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.domain.volume.counts import PER_WEEK, SLOT_S
from towpath.monitoring.domain.volume.rhythm import Rhythm
from towpath.monitoring.domain.volume.usual import DIRECTIONS, Direction
from towpath.monitoring.domain.volume.watching import VolumeAlarm

__all__ = ["CAUSE", "Volume", "VolumeShown", "finding", "shown"]

CAUSE = "volume/rate"
_DAY_S = 86_400.0
_SAID: dict[Direction, str] = {"silence": "fewer", "flood": "more"}


class VolumeShown(Answer):
    """That too few documents come, or too many."""

    direction: Direction
    began_at: float = Field(description="when it most likely began, in seconds since the epoch")
    fired_at: float
    documents: int = Field(description="that came from then to the alarm")
    usual: float = Field(description="that usually come in that time of the week")
    log10_evidence: float = Field(description="what the best bet made of 1 since it began, as a power of ten")
    explanation: str


class Volume(Answer):
    """How many documents come, against what came at this time of the week before."""

    days: float = Field(description="of which documents are known, 84 at most")
    usual_per_minute: float | None = Field(
        description="at this time of the week; null until there is one to know it by"
    )
    per_minute: float = Field(description="in the last five minutes that are over")
    capital: dict[Direction, float] = Field(description="what bets against no change have made; at 1 it alarms")
    false_alarm_every_days: float | None = Field(description="on average at most; null: never, the budget is 0")
    alarm: VolumeShown | None = Field(description="null where none lasts")


def shown(rhythm: Rhythm) -> Volume:
    """What is told over HTTP and as metrics."""
    usual, alarm = rhythm.scales[0].last_usual, rhythm.alarm
    return Volume(
        days=rhythm.days,
        usual_per_minute=None if math.isnan(usual) else usual * 60 / SLOT_S,
        per_minute=rhythm.last * 60 / SLOT_S,
        capital={each: min(1.0, rhythm.capital(each)) for each in DIRECTIONS},
        false_alarm_every_days=1 / rhythm.rate / _DAY_S if rhythm.rate else None,
        alarm=None if alarm is None else _alarm(alarm),
    )


def finding(rhythm: Rhythm) -> Finding:
    """What is told on `alerts`. A warning: nobody knows what it costs."""
    alarm = rhythm.alarm
    if alarm is None:
        return Finding(CAUSE, firing=False, summary="documents come as they usually do at this time of the week")
    evidence = {
        "documents": float(alarm.documents),
        "usual": alarm.usual,
        "minutes": _minutes(alarm),
        "log10_evidence": alarm.log_evidence / math.log(10),
        "false_alarm_every_days": 1 / rhythm.rate / _DAY_S,
    }
    return Finding(CAUSE, firing=True, summary=_sentence(alarm), evidence=evidence, began_at=alarm.began_at)


def _alarm(alarm: VolumeAlarm) -> VolumeShown:
    return VolumeShown(
        direction=alarm.direction,
        began_at=alarm.began_at,
        fired_at=alarm.fired_at,
        documents=alarm.documents,
        usual=alarm.usual,
        log10_evidence=alarm.log_evidence / math.log(10),
        explanation=_sentence(alarm),
    )


def _minutes(alarm: VolumeAlarm) -> float:
    return (alarm.fired_at - alarm.began_at) / 60


def _sentence(alarm: VolumeAlarm) -> str:
    since = f"{datetime.fromtimestamp(alarm.began_at, UTC):%Y-%m-%d %H:%M} UTC"
    usual = f"usually {alarm.usual:,.0f} at this time of the {'week' if _knows_weeks(alarm) else 'day'}"
    time = f"in {_minutes(alarm):,.0f} minutes"
    if alarm.documents == 0:
        return f"no documents come: none since {since}, {usual} {time}"
    return f"{_SAID[alarm.direction]} documents come than usual: {alarm.documents:,} {time} since {since}, {usual}"


def _knows_weeks(alarm: VolumeAlarm) -> bool:
    return alarm.began - alarm.known_since >= PER_WEEK
