"""The worker's loop: fetch and decode, predict, commit messages and offsets in one transaction.

The three overlap: while a batch is predicted in this thread, the next is fetched and decoded in the intake's, and the
one before is written and committed in the outlet's. A transaction is open only while it is written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Consumer, TransactionalProducer
from towpath.serving.domain.budget import FloodError
from towpath.serving.domain.pace import Pace
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.entrypoints.backlog import Backlog
from towpath.serving.entrypoints.intake import Intake, Taken
from towpath.serving.entrypoints.outlet import Outlet
from towpath.serving.handlers import Inferred, PredictBatch
from towpath.serving.metrics import ServingMetrics

__all__ = ["Worker"]

_log = structlog.get_logger(__name__)


def _one_thread() -> Executor:
    return ThreadPoolExecutor(1, "outlet")


@dataclass
class Worker:
    """A member of the group `group`. Everything it knows is in Kafka: it may be killed at any step.

    `overlap` is False where steps are to follow one another, as a simulation that is to be replayed wants it. `alarm`
    is told the group and the reason before too many dead letters end the process.
    """

    broker: Broker
    slot: ModelSlot
    predict: PredictBatch
    metrics: ServingMetrics
    topic: str
    group: str
    transactional_id: str
    batch_documents: int = 500
    batch_s: float = 1.0
    transaction_timeout_s: float = 20.0
    poll_s: float = 0.5
    overlap: bool = True
    alarm: Callable[[str, str], None] = lambda _, __: None
    outlet: Callable[[], Executor] = _one_thread
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        self._backlog = Backlog(self.metrics)
        self._pace = Pace(self.batch_documents, self.batch_s)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Kafka being away is waited out.

        Raises:
            FloodError: too many documents cannot be read.
        """
        try:
            self._run(stop)
        except FloodError as error:
            self.alarm(self.group, str(error))
            raise

    def _run(self, stop: threading.Event) -> None:
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
            executor = open_.enter_context(self.outlet())
            aborted = False
            while not stop.is_set():
                with self._producer() as producer:
                    if aborted:
                        # Only now that the new producer has ended the old one's transaction, offsets are what they are.
                        consumer.rewind()
                        self._backlog.rewound()
                    aborted = self._session(consumer, producer, executor, stop)

    def _producer(self) -> TransactionalProducer:
        return self.broker.transactional_producer(
            self.transactional_id, transaction_timeout_s=self.transaction_timeout_s
        )

    def _session(
        self, consumer: Consumer, producer: TransactionalProducer, executor: Executor, stop: threading.Event
    ) -> bool:
        """Until `stop` (False), or until a transaction is aborted (True): then all must be fetched again."""
        intake, outlet = Intake(consumer, self.predict.decode, self._backlog, self.poll_s), Outlet(executor)
        if self.overlap:
            intake.start()
        try:
            self._predict_on(intake, outlet, producer, stop)
            outlet.drain()
        except TransactionAbortedError as error:
            self.metrics.aborts.inc()
            _log.warning("serving.aborted", reason=str(error))
            self.backoff.wait(stop)
            return True
        finally:
            intake.stop()
        return False

    def _predict_on(
        self, intake: Intake, outlet: Outlet, producer: TransactionalProducer, stop: threading.Event
    ) -> None:
        while not stop.is_set():
            taken = intake.take(self._pace.most())
            outlet.check()
            if taken is None:
                continue
            serving = self.slot.get()
            assert serving is not None  # noqa: S101 - a slot that was filled is never emptied
            inferred = self.predict.infer(taken.decoded, serving)
            self._pace.measured(inferred.timing.documents, inferred.timing.seconds)
            outlet.give(lambda inferred=inferred, taken=taken: self._commit(inferred, taken, producer))  # type: ignore[misc]

    def _commit(self, inferred: Inferred, taken: Taken, producer: TransactionalProducer) -> None:
        work, begin = self.predict.write(inferred), time.perf_counter()
        producer.commit(work.messages, taken.progress, timeout_s=self.transaction_timeout_s)
        self.metrics.commit.observe(time.perf_counter() - begin)
        self.predict.committed(work)
        self._backlog.committed(taken.polls)
        self.backoff.reset()
        _log.info("serving.batch", documents=len(taken), release_id=inferred.serving.release.release_id)
