"""What the policy answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Call", "Plan", "Start", "Told", "Wait"]


@dataclass(frozen=True, slots=True)
class Start:
    """One run for all of `causes`; `alert_ids` of those that are alerts."""

    causes: tuple[str, ...]
    alert_ids: tuple[str, ...]
    reason: str
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What an alert led to, to be told as its next state; `run_id` is empty where it led to none."""

    alert_id: str
    reason: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """An alert of training's own, for as long as it holds: a person is asked for something.

    `command`: that helps with it, where it takes the alert's id. `document_ids`: that show what it is about.
    """

    cause: str
    severity: Literal["info", "warning"]
    summary: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    trace_id: str = ""
    command: str = ""
    document_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Causes that would start a run, and what for they wait; `until` in seconds where that is a time."""

    causes: tuple[str, ...]
    why: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """To be done now: tell `told`, have open what is in `calls` and nothing else, then `start`."""

    start: Start | None = None
    told: tuple[Told, ...] = ()
    calls: tuple[Call, ...] = ()
    wait: Wait | None = None
