"""What is predicted and told, in figures; what it is worth is in towpath.monitoring.performance."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.core.errors import MalformedMessageError
from towpath.core.objective import Objective
from towpath.monitoring.domain.reading import PredictionReader, Reading
from towpath.monitoring.domain.window import Window
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import Feedback, Prediction

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
    """The use case. `live` is False while history is read again: it fills figures, and counts nothing twice.

    What is counted is shown by `publish`, once for many.
    """

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
        self._reader = PredictionReader(self.objective.classes)
        # By a reading's label: the last is for classes that are none of the objective's, and for no class, -1.
        self._names = (*self.objective.classes, OTHER)
        # That are not counted yet; and since figures were published: of each kind, and those that are to be observed.
        self._new: list[tuple[str, Reading]] = []
        self._kinds: Counter[tuple[str, bool, int]] = Counter()
        self._came: list[tuple[str, Reading]] = []
        self._last = 0.0

    def prediction(self, message: Prediction) -> Reading | None:
        """What it says; None if it was seen before. Raises MalformedMessageError where it lacks what each has."""
        read = self._reader.read(message)
        if not (read.prediction_id and read.document_id and read.release_id):
            raise MalformedMessageError("a prediction without predictionId, documentId or releaseId")
        with self._lock:
            if not self._predictions.add(read.prediction_id, None):
                return None
            self._new.append((self._release(read.release_id), read))
        return read

    def publish(self) -> None:
        """As metrics."""
        with self._lock:
            self._count()
            if not self._kinds:
                return
            kinds, self._kinds = self._kinds, Counter()
            came, self._came = self._came, []
            for release in {release for release, _, _ in kinds}:
                total = self._labels[release].total()
                for name, count in self._labels[release].items():
                    self.metrics.share.labels(release, name).set(count / total)
                self.metrics.asked.labels(release).set(self._asked[release] / total)
            self.metrics.last.set(self._last)
        if not came:
            return
        for (release, ask, label), count in kinds.items():
            kind = (release, "ask-person" if ask else "class", self._names[label])
            self.metrics.predictions.labels(*kind).inc(count)
        for release in {release for release, _, _ in kinds}:
            self._observe(release, [each for name, each in came if name == release])

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
            self._count()
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

    def _count(self) -> None:
        """Those that are new, many at once."""
        new, self._new = self._new, []
        kinds = Counter([(release, each.ask, each.label) for release, each in new])
        for (release, ask, label), count in kinds.items():
            self._labels[release][self._names[label]] += count
            self._asked[release] += count * ask
        self._kinds.update(kinds)
        if new:
            self._last = new[-1][1].at
        if self.live:
            self._came += new

    def _observe(self, release: str, came: Sequence[Reading]) -> None:
        self.metrics.queued.labels(release).observe_many([each.queued_s for each in came])
        self.metrics.inference.labels(release).observe_many([each.inference_s for each in came])
        confidence = [each.confidence for each in came if each.confidence is not None]
        self.metrics.confidence.labels(release).observe_many(confidence)
        latency = [max(0.0, each.at - each.document_at) for each in came if each.document_at is not None]
        self.metrics.latency.labels(release).observe_many(latency)
