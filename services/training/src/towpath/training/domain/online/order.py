"""Records of many partitions in one order, the same at every reading: by time, as far as each partition tells it.

A head depends on the order of what it learned from, and partitions come as they come. So a record is taken when every
partition has been read past its time, and time has gone on by a grace: what a producer stamps and sends later than that
is taken when it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from towpath.core.stream import Partition, Record

__all__ = ["InOrder"]


class InOrder:
    """Holds records until it is their turn."""

    def __init__(self) -> None:
        self._held: dict[Partition, deque[tuple[int, Record]]] = {}
        self._latest: dict[Partition, int] = {}

    def add(self, record: Record) -> None:
        partition = Partition(record.topic, record.partition)
        # Within a partition the order stands, whatever clocks said.
        at = max(record.timestamp_ms, self._latest.get(partition, 0))
        self._latest[partition] = at
        self._held.setdefault(partition, deque()).append((at, record))

    def holding(self, partition: Partition) -> int:
        return len(self._held.get(partition, ()))

    def take(self, read_up: Mapping[Partition, bool], until_ms: int) -> Iterator[tuple[int, Record]]:
        """(time in ms, record), in order, up to `until_ms`.

        Args:
            read_up: for each partition, whether it has been read to its end; one that has not, and of which nothing is
                held, may have an earlier record.
        """
        while all(done or self.holding(partition) for partition, done in read_up.items()):
            first = self._first()
            if first is None or first[0] > until_ms:
                return
            yield self._held[first[1]].popleft()

    def before(self, until_ms: int) -> bool:
        """Whether something up to then is still held."""
        first = self._first()
        return first is not None and first[0] <= until_ms

    def _first(self) -> tuple[int, Partition] | None:
        return min(((held[0][0], partition) for partition, held in self._held.items() if held), default=None)
