"""Producers on kafka-python. Every wait has a limit from outside, because the client has none of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from kafka import KafkaProducer, OffsetAndMetadata, TopicPartition, errors

from towpath.core.errors import RetryableError, TooLargeError, TransactionAbortedError
from towpath.core.stream.closing import Closing
from towpath.core.stream.kafka.client import principal_of, refusal, start
from towpath.core.stream.port import Message, Progress

__all__ = ["IdempotentKafkaProducer", "TransactionalKafkaProducer"]

_log = structlog.get_logger(__name__)
_TUNING: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "allow_auto_create_topics": False,
    "batch_size": 262_144,
    "linger_ms": 2,
    "max_request_size": 8_388_608,  # the broker's limit of each topic decides, and says so
    # The client sleeps this long whenever a coordinator is still busy with the last transaction.
    "retry_backoff_ms": 5,
    "metrics_enabled": False,
}
_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
# Who may write to no topic at all gets no producer id, and kafka-python tells it as an unexpected error.
_NOWHERE = "ClusterAuthorizationFailedError"


def _send(producer: KafkaProducer, message: Message) -> Any:
    return producer.send(
        message.topic,
        value=message.value,
        key=message.key,
        headers=list(message.headers),
        partition=message.partition,
    )


def _discard(producer: KafkaProducer) -> None:
    """End a producer without waiting for what it has not sent: close() would flush first, and hang."""
    producer._sender.force_close()
    producer._unregister_cleanup()
    producer._closed = True


class IdempotentKafkaProducer(Closing):
    """Threads may share it. One that timed out is discarded with all it held, so memory stays bounded."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = {**config, **_TUNING}
        self._lock = threading.Lock()
        self._producer: KafkaProducer | None = None
        self._current()

    def send(self, messages: Sequence[Message], *, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        producer = self._current()
        try:
            futures = [_send(producer, message) for message in messages]
            for future in futures:
                future.get(timeout=max(0.001, deadline - time.monotonic()))
        except _TOO_LARGE as error:
            # To the client one refused batch is fatal: it would refuse all that come after.
            self._drop(producer)
            raise TooLargeError(f"the broker refused a message: {error}") from error
        except errors.AuthorizationError as error:
            self._drop(producer)
            raise refusal(error, "sending", principal_of(self._config)) from error
        except (errors.KafkaError, OSError) as error:
            self._drop(producer)
            if _NOWHERE in str(error):
                forbidden = errors.TopicAuthorizationFailedError({message.topic for message in messages})
                raise refusal(forbidden, "sending", principal_of(self._config)) from error
            raise RetryableError(f"Kafka did not acknowledge in time: {error!r}") from error

    def close(self) -> None:
        with self._lock:
            if self._producer is not None:
                _discard(self._producer)  # send() has waited for everything that counts
                self._producer = None

    def _current(self) -> KafkaProducer:
        with self._lock:
            if self._producer is None:
                timeout_ms = int(self._config["request_timeout_ms"])
                limits = {"max_block_ms": timeout_ms, "delivery_timeout_ms": 3 * timeout_ms}
                self._producer = start(KafkaProducer, {**self._config, **limits})
            return self._producer

    def _drop(self, producer: KafkaProducer) -> None:
        with self._lock:
            if self._producer is producer:
                self._producer = None
                _discard(producer)


class TransactionalKafkaProducer(Closing):
    """One thread at a time. After a failed commit it is spent, see docs/decisions/0003."""

    def __init__(self, config: Mapping[str, Any], transactional_id: str, transaction_timeout_s: float) -> None:
        self._id, self._who = transactional_id, principal_of(config)
        timeout_ms = int(transaction_timeout_s * 1000)
        limits = {
            "transactional_id": transactional_id,
            "transaction_timeout_ms": timeout_ms,
            # Later than that, Kafka has thrown the transaction away. The client wants one request to fit into it.
            "delivery_timeout_ms": timeout_ms,
            "request_timeout_ms": min(int(config["request_timeout_ms"]), timeout_ms // 2),
            "max_block_ms": int(config["request_timeout_ms"]),
        }
        self._producer = start(KafkaProducer, {**config, **_TUNING, **limits})
        self._spent = False
        try:
            self._bounded(self._producer.init_transactions, config["request_timeout_ms"] / 1000)
        except TransactionAbortedError as error:
            if isinstance(error.__cause__, errors.AuthorizationError):
                raise refusal(error.__cause__, f"starting transactions as {transactional_id}", self._who) from error
            raise RetryableError(str(error)) from error

    def commit(self, messages: Sequence[Message], progress: Progress, *, timeout_s: float = 60.0) -> None:
        if self._spent:
            raise TransactionAbortedError("this producer is spent: an earlier transaction of it failed")
        self._bounded(lambda: self._transaction(messages, progress), timeout_s)

    def close(self) -> None:
        """At once. A transaction left open is aborted when the next producer takes over the id."""
        self._spent = True
        _discard(self._producer)

    def _transaction(self, messages: Sequence[Message], progress: Progress) -> None:
        producer = self._producer
        producer.begin_transaction()
        futures = [_send(producer, message) for message in messages]
        producer.flush()
        for future in futures:
            # commit_transaction() may report success although a batch failed: look at each before.
            future.get(timeout=0)
        offsets = {
            TopicPartition(partition.topic, partition.number): OffsetAndMetadata(offset, "", -1)
            for partition, offset in progress.offsets.items()
        }
        if offsets:
            producer.send_offsets_to_transaction(offsets, progress.member)
        producer.commit_transaction()

    def _bounded(self, work: Callable[[], None], timeout_s: float) -> None:
        failure: list[BaseException] = []

        def body() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised in the caller's thread
                failure.append(error)

        thread = threading.Thread(target=body, name=f"transaction-{self._id}", daemon=True)
        thread.start()
        thread.join(timeout_s)
        if thread.is_alive():
            failure.append(TimeoutError(f"no answer within {timeout_s:g} s"))
        if failure:
            self.close()
            raise TransactionAbortedError(self._reason(failure[0])) from failure[0]

    def _reason(self, failure: BaseException) -> str:
        if isinstance(failure, errors.AuthorizationError):
            return str(refusal(failure, f"committing a transaction of {self._id}", self._who))
        return f"transaction of {self._id!r} failed: {failure!r}"
