"""Training by itself: what is known is read from the topics' starts; when all is read, the policy is asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, TowpathError
from towpath.core.service import Backoff
from towpath.core.stream import Consumer, Record, Registry
from towpath.training.retraining import Retraining
from towpath.v1 import Alert, Annotation, ModelRelease, Rollout

__all__ = ["Watcher"]

_log = structlog.get_logger(__name__)


@dataclass
class Watcher:
    """One thread. No offsets are committed: a restart reads all again, and so knows what was decided before."""

    retraining: Retraining
    registry: Registry
    backoff: Backoff = field(default_factory=lambda: Backoff(cap_s=15.0))

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`; what is in the way is told and waited out."""
        while not stop.is_set() and not self.retraining.trainer.restore(stop):
            self.backoff.wait(stop)
        while not stop.is_set():
            try:
                self._watch(stop)
            except (TowpathError, OSError, ValueError) as error:
                if not stop.is_set():
                    _log.warning("training.waiting", reason=str(error)[:1000])
                self.backoff.wait(stop)

    def _watch(self, stop: threading.Event) -> None:
        topics = [self.registry.full_name(name) for name in ("annotations", "alerts", "rollouts", "models")]
        self.retraining.begin()
        with self.retraining.broker.consumer(topics, group=None, client_id="towpath-training-watch") as reader:
            ends, caught_up = reader.end_offsets(), False
            while not stop.is_set():
                for record in reader.poll(timeout_s=0.5, max_records=2000).records:
                    self._take(record)
                # Nothing is decided on half of what is known: an alert's end, or its answer, may be the next record.
                caught_up = caught_up or all(reader.position(each) >= end for each, end in ends.items())
                if caught_up and self._latest_alerts(reader):
                    self.retraining.step(stop)
                    self.backoff.reset()

    def _latest_alerts(self, reader: Consumer) -> bool:
        topic = self.registry.full_name("alerts")
        return all(reader.position(each) >= end for each, end in reader.end_offsets().items() if each.topic == topic)

    def _take(self, record: Record) -> None:
        if record.value is None:
            return
        codec, retraining, at = self.retraining.codec, self.retraining, record.timestamp_ms / 1e3
        try:
            match record.topic.removeprefix(self.registry.prefix):
                case "alerts":
                    retraining.take(codec.decode(record, Alert).message, at)
                case "rollouts":
                    retraining.tried(codec.decode(record, Rollout).message, at)
                case "models":
                    retraining.reigns(codec.decode(record, ModelRelease).message, at)
                case _:
                    annotation = codec.decode(record, Annotation).message
                    if not annotation.deleted:
                        retraining.annotated(annotation.document_id, annotation.rater_id, at)
        except DeadLetterError as error:
            _log.warning("training.unreadable", topic=record.topic, offset=record.offset, reason=str(error))
