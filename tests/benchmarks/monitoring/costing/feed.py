"""Monitoring as the service runs it, given what Kafka would give it, and the stream that it is given.

Nothing goes over a network: records are made before, and time is the stream's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import cast

import numpy as np

from benchmarks.monitoring.unchanged.served import OBJECTIVE, RELEASE, Served
from towpath.core.stream import Codec, Record, Registry
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.bootstrap import build
from towpath.monitoring.domain.finding import Monitor
from towpath.monitoring.entrypoints.consumer import Reader
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import ClassLabel, Feedback, ModelRelease, Prediction

__all__ = ["BATCH", "RATE", "START", "Feed", "Traffic"]

START = 1_750_000_000.0
RATE = 250.0
"""Documents a second: what a worker of two cores predicts."""
BATCH = 64
"""Predictions that become visible together, in a transaction of the worker."""
_LABELLED = 0.05
_LATER = 20_000


class Feed:
    """A monitoring service that has read its history, and its clock."""

    def __init__(self, encoding: str = "protobuf") -> None:
        self.now = START
        self.registry, self._broker = Registry.load("towpath."), MemoryBroker()
        self._broker.create_topics(self.registry.specs())
        settings = MonitoringSettings.model_validate({"encoding": encoding, "auth": {"mode": "none"}})
        self.service = build(settings, broker=self._broker, objective=OBJECTIVE)
        self.reader = cast(Reader, self.service.loops[0].__self__)  # type: ignore[attr-defined]
        self.reader.watch.live = True
        self.reader.caught_up.set()
        self.reader.desk.now = self.reader.trials.now = lambda: datetime.fromtimestamp(self.now, UTC)
        for each in self.reader.monitors:
            if hasattr(each, "now"):
                each.now = lambda: self.now
        alerts = self.registry.full_name("alerts")
        self._alerts = self._broker.consumer([alerts], group=None, client_id="bench")
        self.told = 0

    @property
    def monitors(self) -> Sequence[Monitor]:
        return self.reader.monitors

    def release(self, served: Served, release_id: str) -> None:
        """It reigns from now on; it was judged on the first 800 of what is served."""
        made = ModelRelease(release_id=release_id, model_name=OBJECTIVE.name)
        made.reference.CopyFrom(served.reference(np.arange(min(800, len(served) // 2))))
        made.created_at.FromNanoseconds(int(self.now * 1e9))
        for each in self.monitors:
            each.release(made)

    def poll(self, records: Sequence[Record], now: float) -> None:
        """What the service does with a poll: take it, look, tell; what it told is read back."""
        self.now = now
        self.reader.take(records)
        self.reader.tell()
        written = self._alerts.poll(timeout_s=0).records
        self.told += len(written)
        self.reader.take(written)


class Traffic:
    """Tweets in an order of their own, over and over; one in twenty is labelled some time later."""

    def __init__(self, served: Served, seed: int, encoding: str = "protobuf") -> None:
        self._codec = Codec("json" if encoding == "json" else "protobuf", "towpath/serving")
        self._said = served.predictions
        self._truths, self._random = served.truths, np.random.default_rng(seed)
        self._offsets = {"predictions": 0, "feedback": 0}
        self._registry = Registry.load("towpath.")
        self._later: list[tuple[int, int]] = []
        self.documents, self.now = 0, START

    def predictions(self, count: int, release_id: str = RELEASE) -> list[Record]:
        """The next ones, at `RATE` on average, after a pause now and then."""
        made = []
        for row in self._random.integers(len(self._said), size=count).tolist():
            if self.documents % BATCH == 0:
                self.now += float(self._random.exponential(BATCH / RATE))
            # A message of its own each time: one that is set anew keeps the memory of what it held before.
            message, number = Prediction.FromString(self._said[row]), self.documents
            self.documents += 1
            message.prediction_id, message.document_id = f"prd-{number:024x}", f"doc-{number:024x}"
            message.release_id = release_id
            message.created_at.FromNanoseconds(int(self.now * 1e9))
            message.document_created_at.FromNanoseconds(int((self.now - 0.2) * 1e9))
            message.timings.queued_seconds, message.timings.inference_seconds = 0.15, 0.05
            made.append(self._record("predictions", message, message.document_id))
            if self._random.random() < _LABELLED:
                self._later.append((number, row))
        return made

    def feedback(self) -> list[Record]:
        """On documents that are old enough."""
        due = [each for each in self._later if each[0] < self.documents - _LATER]
        self._later = self._later[len(due) :]
        return [self._label(number, int(self._truths[row])) for number, row in due]

    def polls(self, count: int, most: int, release_id: str = RELEASE) -> Iterator[list[Record]]:
        """`count` predictions in polls of `most`, and feedback as it becomes known."""
        for begin in range(0, count, most):
            yield [*self.feedback(), *self.predictions(min(most, count - begin), release_id)]

    def _label(self, number: int, truth: int) -> Record:
        message = Feedback(
            feedback_id=f"fb-{number:024x}",
            document_id=f"doc-{number:024x}",
            class_label=ClassLabel(label=OBJECTIVE.classes[truth]),
        )
        return self._record("feedback", message, message.document_id)

    def _record(self, topic: str, message: Prediction | Feedback, key: str) -> Record:
        name, offset = self._registry.full_name(topic), self._offsets[topic]
        self._offsets[topic] += 1
        made = self._codec.encode(message, topic=name, key=key)
        return Record(name, 0, offset, made.key, made.value, made.headers, 0)
