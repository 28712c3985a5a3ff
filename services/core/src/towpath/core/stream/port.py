"""The broker port: what a service may ask of a stream, and nothing of how Kafka does it.

Two implementations, `KafkaBroker` and `MemoryBroker`, pass the same suite (tests/contract). The unit of
exactly-once is one call, `TransactionalProducer.commit(messages, progress)`: messages and consumed offsets
become visible together or not at all. After it raises, the producer is spent; ask the broker for a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self, runtime_checkable

__all__ = [
    "Batch",
    "Broker",
    "Consumer",
    "Headers",
    "Isolation",
    "Message",
    "Partition",
    "Producer",
    "Progress",
    "Record",
    "Start",
    "TopicSpec",
    "TransactionalProducer",
]

Headers = tuple[tuple[str, bytes], ...]
Isolation = Literal["read_committed", "read_uncommitted"]
Start = Literal["earliest", "latest"]


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be produced. The partition follows from the key (Kafka's murmur2) unless given."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Something that was consumed."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer is, as of one poll: next offsets by partition, and who says so.

    `member` is the group's identity at that poll (KIP-447 group metadata), opaque to everyone but the
    adapter: it fences a worker that lost its partitions since. Two polls of equal members may be committed as one.
    """

    offsets: Mapping[Partition, int]
    member: Any = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll returned: records in order of offset within each partition, and progress past them."""

    records: Sequence[Record]
    progress: Progress

    def __bool__(self) -> bool:
        return bool(self.records)


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as the broker sees it. `replication`: the broker's default when absent."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    replication: int | None = None


class _Closes(Protocol):
    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Producer(_Closes, Protocol):
    """Idempotent, acks=all."""

    def send(self, messages: Sequence[Message], *, timeout_s: float) -> None:
        """Return when every message is acknowledged.

        Raises:
            RetryableError: not all were acknowledged in time; some may be there (ids make a replay harmless).
            TooLargeError: a message exceeds the broker's limit.
        """


class TransactionalProducer(_Closes, Protocol):
    def commit(self, messages: Sequence[Message], progress: Progress, *, timeout_s: float = 60.0) -> None:
        """Write messages and the group's offsets in one transaction.

        Raises:
            TransactionAbortedError: nothing is visible, or the outcome is unknown; this producer is spent.
        """


class Consumer(_Closes, Protocol):
    def poll(self, *, timeout_s: float, max_records: int = 500) -> Batch:
        """Wait up to `timeout_s` for records. An empty batch is falsy.

        Raises:
            RetryableError: the broker is away.
        """

    def commit(self, progress: Progress) -> None:
        """Commit offsets outside a transaction (for consumers whose effect is idempotent)."""

    def rewind(self) -> None:
        """Go back to the last committed offsets of all assigned partitions (after an abort)."""

    def assignment(self) -> frozenset[Partition]: ...

    def pause(self, partitions: Sequence[Partition]) -> None: ...

    def resume(self, partitions: Sequence[Partition]) -> None: ...

    def end_offsets(self) -> Mapping[Partition, int]:
        """High watermark of each assigned partition; under read_committed, the last stable offset."""

    def position(self, partition: Partition) -> int:
        """The next offset that poll will return from, control records passed over."""

    def begin_offsets(self) -> Mapping[Partition, int]:
        """The first offset that each assigned partition still has: what was before it is gone."""

    def offsets_at(self, timestamp_ms: int) -> Mapping[Partition, int]:
        """Of each assigned partition the first offset whose record is of that moment or later; the end where none is.

        Moments are the records' timestamps, milliseconds since the epoch.
        """

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Go on from there; of assigned partitions, for a reader without a group."""

    def topic_ids(self) -> Mapping[str, str]:
        """Of each topic read what tells it from another of the same name, made after it was deleted."""


@runtime_checkable
class Broker(_Closes, Protocol):
    def producer(self, *, client_id: str) -> Producer: ...

    def transactional_producer(
        self, transactional_id: str, *, transaction_timeout_s: float = 60.0
    ) -> TransactionalProducer:
        """Fences any earlier producer of the same id.

        Raises:
            RetryableError: the broker is away.
        """

    def consumer(
        self,
        topics: Sequence[str],
        *,
        group: str | None,
        start: Start = "earliest",
        isolation: Isolation = "read_committed",
        client_id: str = "towpath",
    ) -> Consumer:
        """A member of `group`; with group None, a reader of all partitions that commits nothing."""

    def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        """Create those that are missing; returns the names created. Existing topics stay as they are."""

    def topics(self) -> Mapping[str, int]:
        """Existing topics and their number of partitions, internal ones left out."""

    def describe(self, names: Sequence[str]) -> Mapping[str, TopicSpec]:
        """Those of `names` that exist, as they are: all of a topic's configuration, defaults of the broker included.

        Raises:
            ForbiddenError: the topics or their configuration may not be seen.
            RetryableError: the broker is away.
        """

    def ping(self, *, timeout_s: float = 2.0) -> None:
        """Raises RetryableError when no broker answers in time."""
