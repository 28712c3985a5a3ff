"""The worker's loop: poll, predict, commit messages and offsets in one transaction. Nothing else has a say."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.service import Backoff
from towpath.core.stream import Batch, Broker, Consumer, TransactionalProducer
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.entrypoints.backlog import Backlog
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics

__all__ = ["Worker"]

_log = structlog.get_logger(__name__)


@dataclass
class Worker:
    """A member of the group `group`. Everything it knows is in Kafka: it may be killed at any step."""

    broker: Broker
    slot: ModelSlot
    predict: PredictBatch
    metrics: ServingMetrics
    topic: str
    group: str
    transactional_id: str
    batch_documents: int = 500
    transaction_timeout_s: float = 20.0
    poll_s: float = 0.5
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        self._backlog = Backlog(self.metrics, self.batch_documents)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Kafka being away is waited out.

        Raises:
            CrashError: too many documents cannot be read.
        """
        while not stop.is_set():
            try:
                # Joining before there is a model would take partitions from workers that have one.
                if self.slot.wait(self.poll_s) is not None:
                    self._work(stop)
            except RetryableError as error:
                _log.warning("serving.waiting", reason=str(error), tries=self.backoff.tries)
                self.backoff.wait(stop)

    def _work(self, stop: threading.Event) -> None:
        with ExitStack() as open_:
            consumer = self.broker.consumer([self.topic], group=self.group, client_id=self.transactional_id)
            open_.callback(consumer.close)
            open_.callback(self._backlog.left)
            while not stop.is_set():
                with self._producer() as producer:
                    self._until_aborted(consumer, producer, stop)

    def _producer(self) -> TransactionalProducer:
        return self.broker.transactional_producer(
            self.transactional_id, transaction_timeout_s=self.transaction_timeout_s
        )

    def _until_aborted(self, consumer: Consumer, producer: TransactionalProducer, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                batch = consumer.poll(timeout_s=self.poll_s, max_records=self.batch_documents)
                self._backlog.polled(batch)
                if batch:
                    self._commit(batch, producer)
                self._backlog.report(consumer)
        except TransactionAbortedError as error:
            self.metrics.aborts.inc()
            _log.warning("serving.aborted", reason=str(error))
            self.backoff.wait(stop)
            # Outside of a session the position would be past documents that nobody predicted.
            consumer.rewind()

    def _commit(self, batch: Batch, producer: TransactionalProducer) -> None:
        serving = self.slot.get()
        assert serving is not None  # noqa: S101 - a slot that was filled is never emptied
        work, begin = self.predict(batch.records, serving), time.perf_counter()
        producer.commit(work.messages, batch.progress, timeout_s=self.transaction_timeout_s)
        self.metrics.commit.observe(time.perf_counter() - begin)
        self.predict.committed(work)
        self._backlog.committed(batch)
        self.backoff.reset()
        _log.info("serving.batch", documents=len(batch.records), release_id=serving.release.release_id)
