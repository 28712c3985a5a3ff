"""What is predicted and told, in figures; what it is worth is in towpath.monitoring.performance."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from towpath.core.errors import MalformedMessageError
from towpath.core.objective import Objective
from towpath.monitoring.domain.window import Window
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import Decision, Feedback, Prediction

__all__ = ["OTHER", "Watch", "truth_of"]

OTHER = "other"


def truth_of(message: Feedback, objective: Objective) -> str:
    """The class that feedback says. Raises MalformedMessageError when it is none of the objective's."""
    label = message.class_label
    if label.label in objective.classes:
        return label.label
    if label.HasField("score") and not label.label:
        try:
            return objective.class_of_grade(label.score)
        except ValueError as error:
            raise MalformedMessageError(f"classLabel.score: {error}") from error
    raise MalformedMessageError(f"classLabel.label: {label.label[:64]!r} is no class of {objective.name}")


@dataclass
class Watch:
    """The use case. `live` is False while history is read again: it fills figures, and counts nothing twice."""

    objective: Objective
    metrics: MonitoringMetrics
    window: int
    releases: int
    live: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._predictions: Window[str, None] = Window(self.window)
        self._feedback: Window[str, None] = Window(self.window)
        self._labels: dict[str, Counter[str]] = {}
        self._asked: Counter[str] = Counter()
        self.metrics.objective.labels(self.objective.name, self.objective.unit).set(1)
        self._classes = frozenset(self.objective.classes)

    def prediction(self, message: Prediction) -> bool:
        """Whether it was not seen before. Raises MalformedMessageError when it lacks what a prediction has."""
        if not (message.prediction_id and message.document_id and message.release_id):
            raise MalformedMessageError("a prediction without predictionId, documentId or releaseId")
        with self._lock:
            new = self._predictions.add(message.prediction_id, None)
            if new:
                self._observe(message)
        return new

    def feedback(self, message: Feedback) -> bool:
        """Whether it was not seen before. Raises MalformedMessageError when it names no document or no known class."""
        if not (message.feedback_id and message.document_id):
            raise MalformedMessageError("feedback without feedbackId or documentId")
        name = truth_of(message, self.objective)
        with self._lock:
            new = self._feedback.add(message.feedback_id, None)
            if new and self.live:
                self.metrics.feedback.labels(name).inc()
        return new

    def summary(self) -> dict[str, Any]:
        """What is known, for people and the demo."""
        with self._lock:
            by_release = {
                name: {
                    "predictions": sum(self._labels[name].values()),
                    "askedShare": self._asked[name] / max(1, sum(self._labels[name].values())),
                    "classes": dict(self._labels[name]),
                }
                for name in self._labels
            }
        return {"objective": self.objective.name, "unit": self.objective.unit, "releases": by_release}

    def _release(self, release_id: str) -> str:
        if release_id not in self._labels:
            if len(self._labels) >= self.releases:
                release_id = OTHER
            self._labels.setdefault(release_id, Counter())
        return release_id

    def _observe(self, message: Prediction) -> None:
        release, said = self._release(message.release_id), message.class_decision
        label = said.label if said.label in self._classes else OTHER
        ask = said.decision == Decision.DECISION_ASK_PERSON
        self._labels[release][label] += 1
        self._asked[release] += ask
        total = sum(self._labels[release].values())
        for name, count in self._labels[release].items():
            self.metrics.share.labels(release, name).set(count / total)
        self.metrics.asked.labels(release).set(self._asked[release] / total)
        self.metrics.last.set(message.created_at.seconds + message.created_at.nanos / 1e9)
        if not self.live:
            return
        self.metrics.predictions.labels(release, "ask-person" if ask else "class", label).inc()
        self.metrics.queued.labels(release).observe(message.timings.queued_seconds)
        self.metrics.inference.labels(release).observe(message.timings.inference_seconds)
        for each in message.class_decision.probabilities:
            if each.label == message.class_decision.label:
                self.metrics.confidence.labels(release).observe(each.probability)
        if message.HasField("document_created_at"):
            seconds = (message.created_at.ToNanoseconds() - message.document_created_at.ToNanoseconds()) / 1e9
            self.metrics.latency.labels(release).observe(max(0.0, seconds))
