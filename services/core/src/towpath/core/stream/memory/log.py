"""A partition's log: records, the markers that end transactions, and which records were aborted."""

from __future__ import annotations

from dataclasses import dataclass, field

from towpath.core.errors import TooLargeError
from towpath.core.stream.port import Isolation, Message, Partition, Record

__all__ = ["Entry", "Log"]

_DEFAULT_MAX_BYTES = 1_048_588  # Kafka's default of max.message.bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What one offset holds. A transaction's marker has no record; readers pass over it."""

    record: Record | None
    aborted: bool = False


@dataclass(slots=True)
class Log:
    """Append-only. `entries[n]` is offset n; those before `begin` are gone, as by retention."""

    partition: Partition
    max_bytes: int = _DEFAULT_MAX_BYTES
    entries: list[Entry] = field(default_factory=list)
    begin: int = 0

    @property
    def end(self) -> int:
        return len(self.entries)

    def check(self, message: Message) -> None:
        """Raises TooLargeError where a broker would refuse the message."""
        size = len(message.key or b"") + len(message.value or b"")
        size += sum(len(name) + len(value) for name, value in message.headers)
        if size > self.max_bytes:
            raise TooLargeError(f"{size} bytes, {self.max_bytes} are allowed", where=message.topic)

    def append(self, message: Message, timestamp_ms: int, *, aborted: bool = False) -> None:
        record = Record(
            topic=self.partition.topic,
            partition=self.partition.number,
            offset=self.end,
            key=message.key,
            value=message.value,
            headers=message.headers,
            timestamp_ms=timestamp_ms,
        )
        self.entries.append(Entry(record, aborted))

    def at(self, timestamp_ms: int) -> int:
        """The first offset whose record is of that moment or later; the end where none is."""
        kept = ((n, self.entries[n].record) for n in range(self.begin, self.end))
        return next((n for n, record in kept if record is not None and record.timestamp_ms >= timestamp_ms), self.end)

    def mark(self) -> None:
        """The control record that ends a transaction; it takes an offset, as in Kafka."""
        self.entries.append(Entry(None))

    def read(self, position: int, limit: int, isolation: Isolation) -> tuple[list[Record], int]:
        """Up to `limit` visible records from `position` on, and the position after what was passed."""
        records: list[Record] = []
        position = max(position, self.begin)
        while position < self.end and len(records) < limit:
            entry = self.entries[position]
            position += 1
            if entry.record is not None and not (entry.aborted and isolation == "read_committed"):
                records.append(entry.record)
        while position < self.end and self.entries[position].record is None:
            position += 1
        return records, position
