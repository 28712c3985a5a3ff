"""The worker as it is, but for transactions: an idempotent producer, and offsets committed on their own.

    python -m benchmarks.delivery.floors.plain_worker

What `python -m towpath.serving` is, on a broker whose `transactional_producer` opens none: at least once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import Any

from towpath.core.service import start
from towpath.core.stream import Batch, Consumer, KafkaBroker, Message, Producer, Progress
from towpath.serving.bootstrap import build
from towpath.serving.settings import ServingSettings


class PlainBroker(KafkaBroker):
    """Commits what was written at the next poll: kafka-python's consumer is one thread's."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.done: list[Progress] = []
        self.lock = threading.Lock()

    def transactional_producer(self, transactional_id: str, *, transaction_timeout_s: float = 60.0) -> Any:
        return PlainProducer(self, self.producer(client_id=transactional_id))

    def consumer(self, topics: Sequence[str], *, group: str | None, **more: Any) -> Any:
        made = super().consumer(topics, group=group, **more)
        return made if group is None else CommittingConsumer(self, made)


class PlainProducer:
    def __init__(self, broker: PlainBroker, inner: Producer) -> None:
        self._broker, self._inner = broker, inner

    def commit(self, messages: Sequence[Message], progress: Progress, *, timeout_s: float = 60.0) -> None:
        self._inner.send(messages, timeout_s=timeout_s)
        with self._broker.lock:
            self._broker.done.append(progress)

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> PlainProducer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CommittingConsumer:
    def __init__(self, broker: PlainBroker, inner: Consumer) -> None:
        self._broker, self._inner = broker, inner

    def poll(self, *, timeout_s: float, max_records: int = 500) -> Batch:
        with self._broker.lock:
            done, self._broker.done = self._broker.done, []
        for each in done:
            self._inner.commit(each)
        return self._inner.poll(timeout_s=timeout_s, max_records=max_records)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


if __name__ == "__main__":
    sys.exit(start("serving", ServingSettings, lambda settings: build(settings, broker=PlainBroker(settings.kafka))))
