"""Consumers of the in-memory broker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from towpath.core.errors import RetryableError
from towpath.core.stream.closing import Closing
from towpath.core.stream.memory.group import Membership
from towpath.core.stream.port import Batch, Isolation, Partition, Progress, Record, Start

if TYPE_CHECKING:
    from towpath.core.stream.memory.broker import MemoryBroker

__all__ = ["MemoryConsumer"]


class MemoryConsumer(Closing):
    """A member of a group, or a reader of everything. One thread at a time."""

    def __init__(
        self,
        broker: MemoryBroker,
        topics: Sequence[str],
        *,
        group: str | None,
        start: Start,
        isolation: Isolation,
    ) -> None:
        self._broker, self._topics = broker, tuple(topics)
        self._start: Start = start
        self._isolation: Isolation = isolation
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._generation = -1
        self._turn = 0
        with broker.changed:
            self._group = broker.group(group) if group is not None else None
            self._member = self._group.join(self._topics) if self._group else 0
            missing = [topic for topic in topics if group is None and topic not in broker.topics()]
            if missing:
                raise RetryableError(f"no topic {', '.join(missing)}: create it first (towpath topics --create)")
            # A reader's place is where it began, not where its first poll finds the end.
            self._refresh()

    def poll(self, *, timeout_s: float, max_records: int = 500) -> Batch:
        deadline = time.monotonic() + timeout_s
        self._broker.fault("poll")
        with self._broker.changed:
            while True:
                self._broker.reachable()
                self._refresh()
                records = self._read(max_records)
                left = deadline - time.monotonic()
                if records or left <= 0:
                    return Batch(records, self._progress())
                self._broker.changed.wait(left)

    def commit(self, progress: Progress) -> None:
        with self._broker.changed:
            self._broker.reachable()
            if self._group and isinstance(progress.member, Membership) and self._group.accepts(progress.member):
                self._group.committed.update(progress.offsets)

    def rewind(self) -> None:
        with self._broker.changed:
            self._refresh()
            for partition in self._positions:
                self._positions[partition] = self._begin(partition)

    def assignment(self) -> frozenset[Partition]:
        with self._broker.changed:
            return frozenset(self._positions)

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._paused.difference_update(partitions)

    def end_offsets(self) -> Mapping[Partition, int]:
        with self._broker.changed:
            self._broker.reachable()
            return {partition: self._broker.log(partition).end for partition in self._positions}

    def position(self, partition: Partition) -> int:
        with self._broker.changed:
            return self._positions[partition]

    def begin_offsets(self) -> Mapping[Partition, int]:
        with self._broker.changed:
            self._broker.reachable()
            return {partition: self._broker.log(partition).begin for partition in self._positions}

    def offsets_at(self, timestamp_ms: int) -> Mapping[Partition, int]:
        with self._broker.changed:
            self._broker.reachable()
            return {partition: self._broker.log(partition).at(timestamp_ms) for partition in self._positions}

    def seek(self, positions: Mapping[Partition, int]) -> None:
        with self._broker.changed:
            self._positions.update(positions)

    def topic_ids(self) -> Mapping[str, str]:
        with self._broker.changed:
            return {topic: self._broker.topic_id(topic) for topic in self._topics}

    def close(self) -> None:
        with self._broker.changed:
            if self._group:
                self._group.leave(self._member)
            self._positions.clear()
            self._broker.changed.notify_all()

    # ------------------------------------------------------------------
    def _refresh(self) -> None:
        """Take over the partitions of the group's present generation; those kept keep their position."""
        known = self._broker.partitions(self._topics)
        if self._group is None:
            mine = frozenset(partition for each in known.values() for partition in each)
        else:
            mine = self._group.assigned(self._member, known)
            if self._generation != self._group.generation:
                # Somebody else may have gone on where this member was: only committed offsets count.
                self._positions.clear()
                self._generation = self._group.generation
        for partition in set(self._positions) - mine:
            del self._positions[partition]
        for partition in mine - set(self._positions):
            self._positions[partition] = self._begin(partition)

    def _begin(self, partition: Partition) -> int:
        if self._group and partition in self._group.committed:
            return self._group.committed[partition]
        log = self._broker.log(partition)
        return log.begin if self._start == "earliest" else log.end

    def _read(self, max_records: int) -> list[Record]:
        ready = sorted(set(self._positions) - self._paused)
        self._turn += 1
        records: list[Record] = []
        for n in range(len(ready)):
            partition = ready[(n + self._turn) % len(ready)]
            if len(records) >= max_records:
                break
            found, self._positions[partition] = self._broker.log(partition).read(
                self._positions[partition], max_records - len(records), self._isolation
            )
            records.extend(found)
        return records

    def _progress(self) -> Progress:
        member = Membership(self._group.name, self._member, self._generation) if self._group else None
        return Progress(dict(self._positions), member)
