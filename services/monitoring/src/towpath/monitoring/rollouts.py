"""Following a rollout: from its predictions and feedback to what is said about it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from sys import intern

from towpath.core.clock import utc_now
from towpath.core.errors import MalformedMessageError
from towpath.core.ids import alert_id
from towpath.core.objective import Objective
from towpath.monitoring.domain.rollouts import Trials
from towpath.monitoring.domain.trial import Answer, Evidence, Mode, Phase, Said
from towpath.monitoring.domain.verdicts import Shown, explanation, shown
from towpath.monitoring.handlers import truth_of
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import (
    Alert,
    AlertSeverity,
    AlertState,
    ClassDecision,
    Decision,
    Feedback,
    Prediction,
    Rollout,
    RolloutMode,
)

__all__ = ["RolloutWatch"]

_MODES: dict[int, Mode] = {RolloutMode.ROLLOUT_MODE_SHADOW: "shadow", RolloutMode.ROLLOUT_MODE_CANARY: "canary"}


@dataclass
class RolloutWatch:
    """The use case, for the model that goes by the objective's name. `window`: answers and truths remembered."""

    objective: Objective
    metrics: MonitoringMetrics
    window: int
    now: Callable[[], datetime] = utc_now
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rule = self.objective.contract.delivery.rollout
        self._trials = Trials(self._rule, self.objective.costs, self.window)
        self._classes = {name: index for index, name in enumerate(self.objective.classes)}
        self._seen: Evidence | None = None
        self._told: str | None = None

    def rollout(self, message: Rollout) -> None:
        """Raises MalformedMessageError where nothing can be compared; what ran before it has ended all the same."""
        if message.model_name != self.objective.name:
            return
        mode = _MODES.get(message.mode)
        phase = None if mode is None else Phase(
            message.rollout_id, message.model_name, message.challenger.release_id, message.champion_release_id,
            mode, message.share, message.updated_at.ToNanoseconds(),
        )  # fmt: skip
        wrong = None if phase is None else _wrong(phase)
        with self._lock:
            self._trials.phase(None if wrong else phase)
        if wrong:
            raise MalformedMessageError(wrong)

    def ended(self, model_name: str) -> None:
        """There is no rollout of that model any more: a tombstone."""
        if model_name == self.objective.name:
            with self._lock:
                self._trials.phase(None)

    def prediction(self, message: Prediction) -> None:
        """One that was made during no rollout, or that says no class of the objective's, shows nothing."""
        if not (message.rollout_id and message.document_id):
            return
        said = self._said(message.release_id, message.class_decision)
        shadowed = message.HasField("shadow")
        shadow = self._said(message.shadow.release_id, message.shadow.class_decision) if shadowed else None
        if said is None or (shadowed and shadow is None):
            return
        made = message.created_at.ToNanoseconds()
        with self._lock:
            self._trials.answer(Answer(message.document_id, intern(message.rollout_id), made, said, shadow))

    def feedback(self, message: Feedback) -> None:
        """Raises MalformedMessageError when it names no known class."""
        truth = self._classes[truth_of(message, self.objective)]
        with self._lock:
            self._trials.truth(message.document_id, truth)

    def look(self) -> Alert | None:
        """What is to be told on `alerts`, until it `was_told`. For when history has been read."""
        with self._lock:
            seen = self._trials.look()
        if seen is not self._seen:
            self._seen = seen
            self._publish(seen)
        if seen is None or seen.verdict == "undecided":
            return None
        alert = self._alert(seen)
        return None if alert.alert_id == self._told else alert

    def cause(self) -> str | None:
        """Of what is said of the rollout that runs, as of the last look; None where none runs."""
        return None if self._seen is None else _cause(self._seen)

    def was_told(self, alert: Alert) -> None:
        """Kafka has it."""
        self._told = alert.alert_id

    def shown(self) -> list[Shown]:
        """The running rollout as of the last look; none where none runs."""
        seen = self._seen
        return [] if seen is None else [shown(seen, self._rule, self.objective.unit)]

    def _said(self, release_id: str, said: ClassDecision) -> Said | None:
        label = self._classes.get(said.label)
        return None if label is None else _once(release_id, label, said.decision == Decision.DECISION_ASK_PERSON)

    def _alert(self, seen: Evidence) -> Alert:
        phase, promote = seen.phase, seen.verdict == "promote"
        severity = AlertSeverity.ALERT_SEVERITY_INFO if promote else AlertSeverity.ALERT_SEVERITY_WARNING
        alert = Alert(
            alert_id=alert_id("rollout", phase.rollout_id, phase.mode, str(phase.since_ns), seen.verdict),
            objective=self.objective.name,
            monitor="rollout",
            severity=severity,
            summary=explanation(seen, self._rule, self.objective.unit),
            release_id=phase.challenger,
            runbook_url="docs/releases.md",
            cause=_cause(seen),
            state=AlertState.ALERT_STATE_FIRING,
            evidence={
                "documents": seen.documents, "difference": seen.difference, "lower": seen.lower, "upper": seen.upper,
                "promote": promote, "roll_back": not promote, "undecided": seen.exhausted, "margin": self._rule.margin,
                "shadow": phase.mode == "shadow", "since": phase.since_ns / 1e9,
            },
        )  # fmt: skip
        alert.created_at.FromDatetime(self.now())
        return alert

    def _publish(self, seen: Evidence | None) -> None:
        metrics = self.metrics
        gauges = (metrics.rollout_documents, metrics.rollout_difference, metrics.rollout_lower, metrics.rollout_upper)
        values = () if seen is None else (seen.documents, seen.difference, seen.lower, seen.upper)
        for gauge in gauges:
            gauge.clear()  # of a rollout that has ended nothing is said
        for gauge, value in zip(gauges, values, strict=False):
            gauge.labels(seen.phase.challenger if seen else "", seen.phase.mode if seen else "").set(value)


def _cause(seen: Evidence) -> str:
    return f"rollout/{seen.phase.rollout_id}"


@lru_cache(maxsize=1024)
def _once(release_id: str, label: int, ask: bool) -> Said:
    """Many documents share it, as all of them are remembered."""
    return Said(release_id, label, ask)


def _wrong(phase: Phase) -> str | None:
    if not (phase.rollout_id and phase.challenger and phase.champion):
        return "a rollout without rolloutId, challenger.releaseId or championReleaseId: nothing can be compared"
    if phase.mode == "canary" and not 0 < phase.share < 1:
        return f"share: {phase.share:g} of the documents leave none to compare with: it must be between 0 and 1"
    return None
