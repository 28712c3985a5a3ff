"""Reading predictions, feedback and rollouts, from their start: figures that people rely on must survive a restart.

What lies before the ends at start-up is history: it fills the window and the gauges, but not the counters and
histograms, which Prometheus reads as rates. A rollout is judged only when history is over, as its last record may say
that it has ended. No offsets are committed; Kafka is the only state.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Consumer, Message, Partition, Record, Registry, dead_letter
from towpath.monitoring.handlers import Watch
from towpath.monitoring.rollouts import RolloutWatch
from towpath.v1 import Feedback, Prediction, Rollout

__all__ = ["Reader"]

_log = structlog.get_logger(__name__)
_SEND_LIMIT_S = 10.0


@dataclass
class Reader:
    """One thread. After Kafka was away it goes on where it was."""

    broker: Broker
    codec: Codec
    registry: Registry
    watch: Watch
    trials: RolloutWatch
    backoff: Backoff = field(default_factory=Backoff)
    caught_up: threading.Event = field(default_factory=threading.Event)
    _rollouts_seen: int = -1

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`."""
        topics = [self.registry.full_name(name) for name in ("predictions", "feedback", "rollouts")]
        while not stop.is_set():
            try:
                with self.broker.consumer(topics, group=None, client_id="towpath-monitoring") as consumer:
                    self._read(consumer, consumer.end_offsets(), stop)
            except RetryableError as error:
                _log.info("monitoring.waiting", reason=str(error))
                self.backoff.wait(stop)

    def _read(self, consumer: Consumer, ends: Mapping[Partition, int], stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.caught_up.is_set() and all(consumer.position(part) >= end for part, end in ends.items()):
                self.watch.live = True
                self.caught_up.set()
                _log.info("monitoring.caught_up")
            batch = consumer.poll(timeout_s=0.3, max_records=2000)
            self.backoff.reset()
            for record in batch.records:
                self._take(record)
            if self.caught_up.is_set():
                self._tell()

    def _tell(self) -> None:
        alert = self.trials.look()
        if alert is None:
            return
        _log.info("monitoring.rollout_decided", release_id=alert.release_id, summary=alert.summary)
        message = self.codec.encode(alert, topic=self.registry.full_name("alerts"), key=alert.objective)
        self._send(message)
        self.trials.was_told(alert)

    def _take(self, record: Record) -> None:
        try:
            if record.topic == self.registry.full_name("predictions"):
                prediction = self.codec.decode(record, Prediction).message
                self.watch.prediction(prediction)
                self.trials.prediction(prediction)
            elif record.topic == self.registry.full_name("feedback"):
                feedback = self.codec.decode(record, Feedback).message
                self.watch.feedback(feedback)
                self.trials.feedback(feedback)
            else:
                self._rollout(record)
        except DeadLetterError as error:
            self._give_up(record, error)

    def _rollout(self, record: Record) -> None:
        # After Kafka was away, the topic begins with rollouts of long ago: none of them runs again.
        if record.offset <= self._rollouts_seen:
            return
        self._rollouts_seen = record.offset
        if record.value is None:
            self.trials.ended((record.key or b"").decode("utf-8", "replace"))
        else:
            self.trials.rollout(self.codec.decode(record, Rollout).message)

    def _give_up(self, record: Record, error: DeadLetterError) -> None:
        where = f"{record.topic}/{record.partition}/{record.offset}"
        if not self.watch.live:
            return  # history: it was given up on when it came
        self.watch.metrics.unreadable.labels(record.topic.removeprefix(self.registry.prefix)).inc()
        _log.warning("monitoring.dead_letter", source=where, reason=str(error)[:500])
        letter = dead_letter(record, error, service="monitoring", registry=self.registry, codec=self.codec)
        self._send(letter)

    def _send(self, message: Message) -> None:
        with self.broker.producer(client_id="towpath-monitoring") as producer:
            producer.send([message], timeout_s=_SEND_LIMIT_S)
