"""MemoryBroker: topics, groups and transactions behind one lock."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from kafka.partitioner.default import murmur2

from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.stream.closing import Closing
from towpath.core.stream.memory.consumer import MemoryConsumer
from towpath.core.stream.memory.group import Group, Membership
from towpath.core.stream.memory.log import Log
from towpath.core.stream.memory.producer import MemoryProducer, MemoryTransactionalProducer
from towpath.core.stream.port import Isolation, Message, Partition, Progress, Start, TopicSpec

__all__ = ["MemoryBroker"]


class MemoryBroker(Closing):
    """A `Broker` in this process. Threads may share it.

    `away = True` makes it unreachable. `fault` is called with the name of each step that a simulation may want
    to fail ("send", "commit.begin", "commit.done", "poll"); what it raises goes to the caller.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        fault: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.away = False
        self.fault = fault
        self.changed = threading.Condition(threading.RLock())
        self._clock = clock
        self._logs: dict[str, list[Log]] = {}
        self._specs: dict[str, TopicSpec] = {}
        self._ids: dict[str, str] = {}
        self._groups: dict[str, Group] = {}
        self._epochs: dict[str, int] = {}
        self._keyless = 0

    # ------------------------------------------------------------------ the port
    def producer(self, *, client_id: str) -> MemoryProducer:
        self.reachable()
        return MemoryProducer(self)

    def transactional_producer(
        self, transactional_id: str, *, transaction_timeout_s: float = 60.0
    ) -> MemoryTransactionalProducer:
        with self.changed:
            self.reachable()
            self._epochs[transactional_id] = self._epochs.get(transactional_id, -1) + 1
            return MemoryTransactionalProducer(self, transactional_id, self._epochs[transactional_id])

    def consumer(
        self,
        topics: Sequence[str],
        *,
        group: str | None,
        start: Start = "earliest",
        isolation: Isolation = "read_committed",
        client_id: str = "towpath",
    ) -> MemoryConsumer:
        self.reachable()
        return MemoryConsumer(self, topics, group=group, start=start, isolation=isolation)

    def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        with self.changed:
            self.reachable()
            created = [spec for spec in specs if spec.name not in self._logs]
            for spec in created:
                limit = int(spec.config.get("max.message.bytes", 1_048_588))
                numbers = range(spec.partitions)
                self._specs[spec.name] = spec
                self._ids[spec.name] = str(uuid.uuid4())
                self._logs[spec.name] = [Log(Partition(spec.name, n), limit) for n in numbers]
            self.changed.notify_all()
            return [spec.name for spec in created]

    def topics(self) -> Mapping[str, int]:
        self.reachable()
        return {name: len(logs) for name, logs in self._logs.items()}

    def describe(self, names: Sequence[str]) -> Mapping[str, TopicSpec]:
        self.reachable()
        return {name: self._specs[name] for name in names if name in self._specs}

    def ping(self, *, timeout_s: float = 2.0) -> None:
        self.reachable()

    def close(self) -> None:
        """Nothing to release; logs stay for other users of the same broker."""

    # ------------------------------------------------------------------ for its producers and consumers
    def reachable(self) -> None:
        if self.away:
            raise RetryableError("no broker answers: the in-memory broker was set away")

    def group(self, name: str) -> Group:
        return self._groups.setdefault(name, Group(name))

    def log(self, partition: Partition) -> Log:
        return self._logs[partition.topic][partition.number]

    def topic_id(self, topic: str) -> str:
        return self._ids.get(topic, "")

    def partitions(self, topics: Sequence[str]) -> dict[str, list[Partition]]:
        return {topic: [log.partition for log in self._logs.get(topic, ())] for topic in topics}

    def append(self, messages: Sequence[Message], *, transaction: bool = False, aborted: bool = False) -> None:
        """Write all or, when one is refused, none."""
        with self.changed:
            placed = [(self._place(message), message) for message in messages]
            for log, message in placed:
                log.check(message)
            for log, message in placed:
                log.append(message, int(self._clock() * 1000), aborted=aborted)
            if transaction:
                for log in {id(log): log for log, _ in placed}.values():
                    log.mark()
            self.changed.notify_all()

    def commit(self, who: tuple[str, int], messages: Sequence[Message], progress: Progress) -> None:
        with self.changed:
            self.reachable()
            if self._epochs[who[0]] != who[1]:
                raise TransactionAbortedError(f"fenced: a newer producer has transactional id {who[0]!r}")
            member = progress.member
            if not isinstance(member, Membership) or not self.group(member.group).accepts(member):
                self.append(messages, transaction=True, aborted=True)
                raise TransactionAbortedError("fenced: the group's generation has moved on")
            self.append(messages, transaction=True)
            self.group(member.group).committed.update(progress.offsets)

    def _place(self, message: Message) -> Log:
        try:
            logs = self._logs[message.topic]
        except KeyError:
            raise RetryableError(f"no topic {message.topic!r}: create it first") from None
        if message.partition is not None:
            return logs[message.partition]
        if message.key is None:
            self._keyless += 1
            return logs[self._keyless % len(logs)]
        number = (int(murmur2(message.key)) & 0x7FFFFFFF) % len(logs)
        return logs[number]
