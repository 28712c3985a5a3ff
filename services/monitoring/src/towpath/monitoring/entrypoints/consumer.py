"""Reading what monitoring goes by, from the start of each topic: figures that people rely on must survive a restart.

What lies before the ends at start-up is history: it fills the window and the gauges, but not the counters and
histograms, which Prometheus reads as rates. Nothing is judged or told before history is over: its last records may say
that a rollout has ended, or that an alert was told. No offsets are committed; Kafka is the only state.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Consumer, Partition, Record, Registry, dead_letter, read_until
from towpath.monitoring.adapters.alert_topic import AlertTopic
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.domain.finding import Monitor, ReadingMonitor
from towpath.monitoring.domain.reading import Reading
from towpath.monitoring.handlers import Watch
from towpath.monitoring.rollouts import RolloutWatch
from towpath.v1 import Alert, Feedback, ModelRelease, Prediction, Rollout

__all__ = ["Reader"]

_log = structlog.get_logger(__name__)
_SEND_LIMIT_S = 10.0
_CLIENT = "towpath-monitoring"


@dataclass
class Reader:
    """One thread. After Kafka was away it goes on where it was.

    `monitors` see what `watch` had not seen before; `desk` is told what they find.
    """

    broker: Broker
    codec: Codec
    registry: Registry
    watch: Watch
    trials: RolloutWatch
    desk: AlertDesk
    alerts: AlertTopic
    monitors: Sequence[Monitor] = ()
    backoff: Backoff = field(default_factory=Backoff)
    caught_up: threading.Event = field(default_factory=threading.Event)
    _next: dict[tuple[str, int], int] = field(default_factory=dict)
    # Predictions that were not seen before, until monitors are given them: many at once.
    _new: list[tuple[Prediction, Reading]] = field(default_factory=list)

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`."""
        names = ("predictions", "feedback", "models", "rollouts", "alerts")
        topics = [self.registry.full_name(name) for name in names]
        while not stop.is_set():
            try:
                self._releases(stop)
                with self.broker.consumer(topics, group=None, client_id=_CLIENT) as consumer:
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
            self.take(batch.records)
            if self.caught_up.is_set():
                self.tell()

    def take(self, records: Sequence[Record]) -> None:
        """What a poll gave. Those that were taken before, as after Kafka was away, are passed over."""
        try:
            for record in records:
                self._once(record)
        finally:
            self._hand_on()
            self.watch.publish()

    def _releases(self, stop: threading.Event) -> None:
        """Those that are known come first: a prediction says little without the release that made it."""
        with self.broker.consumer([self.registry.full_name("models")], group=None, client_id=_CLIENT) as reader:
            for record in read_until(reader, reader.end_offsets(), stop):
                self.take([record])

    def _release(self, release: ModelRelease) -> None:
        for each in self.monitors:
            each.release(release)

    def tell(self) -> None:
        """What monitors find, where it is due."""
        alerts = self.desk.due(found for each in self.monitors for found in each.findings())
        verdict = self.trials.look()
        alerts += self.desk.over("rollout", self.trials.cause(), "that rollout has ended")
        # One that the topic has was told before a restart; who acts on it reads it there.
        if verdict is not None and not self.desk.knows(verdict.alert_id):
            alerts.append(verdict)
        self.alerts.write(alerts)
        self.alerts.show()
        if verdict is not None:
            self.trials.was_told(verdict)

    def _once(self, record: Record) -> None:
        # After Kafka was away every topic is read from its start again.
        partition = (record.topic, record.partition)
        if record.offset < self._next.get(partition, 0):
            return
        self._next[partition] = record.offset + 1
        try:
            self._take(record.topic.removeprefix(self.registry.prefix), record)
        except DeadLetterError as error:
            self._give_up(record, error)

    def _take(self, topic: str, record: Record) -> None:
        if topic == "predictions":
            self._prediction(self.codec.decode(record, Prediction).message)
            return
        self._hand_on()
        if topic == "feedback":
            self._feedback(self.codec.decode(record, Feedback).message)
        elif topic == "alerts":
            self._alert(self.codec.decode(record, Alert).message)
        elif record.value is None:
            if topic == "rollouts":
                self.trials.ended((record.key or b"").decode("utf-8", "replace"))
        elif topic == "models":
            self._release(self.codec.decode(record, ModelRelease).message)
        else:
            self.trials.rollout(self.codec.decode(record, Rollout).message)

    def _alert(self, alert: Alert) -> None:
        self.desk.seen(alert)
        for each in self.monitors:
            each.heed(alert)

    def _prediction(self, prediction: Prediction) -> None:
        read = self.watch.prediction(prediction)
        if prediction.rollout_id:
            self.trials.prediction(prediction)
        if read is not None:
            self._new.append((prediction, read))

    def _hand_on(self) -> None:
        """Before a message of another topic, which may say something about them."""
        if not self._new:
            return
        new, self._new = self._new, []
        read = [each for _, each in new]
        for monitor in self.monitors:
            if isinstance(monitor, ReadingMonitor):
                monitor.read(read)
                continue
            for message, _ in new:
                monitor.prediction(message)

    def _feedback(self, feedback: Feedback) -> None:
        new = self.watch.feedback(feedback)
        self.trials.feedback(feedback)
        for each in self.monitors if new else ():
            each.feedback(feedback)

    def _give_up(self, record: Record, error: DeadLetterError) -> None:
        where = f"{record.topic}/{record.partition}/{record.offset}"
        if not self.watch.live:
            return  # history: it was given up on when it came
        self.watch.metrics.unreadable.labels(record.topic.removeprefix(self.registry.prefix)).inc()
        _log.warning("monitoring.dead_letter", source=where, reason=str(error)[:500])
        letter = dead_letter(record, error, service="monitoring", registry=self.registry, codec=self.codec)
        with self.broker.producer(client_id=_CLIENT) as producer:
            producer.send([letter], timeout_s=_SEND_LIMIT_S)
