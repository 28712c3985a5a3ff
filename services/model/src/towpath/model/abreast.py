"""Batches on several threads, each running some of them by itself: no thread waits for another within a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from towpath.model.batching import batches, lanes

__all__ = ["Abreast"]


class Abreast:
    """`count` threads, of which the caller's is one. Threads may share it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._others = ThreadPoolExecutor(count - 1, "inference") if count > 1 else None

    def run(self, lengths: Sequence[int], work: Callable[[list[int]], None]) -> None:
        """`work` is given indices of `lengths` (tokens), a batch at a time, each index once.

        Raises:
            Exception: what `work` raised, after every thread has ended.
        """
        waiting = deque(lanes(list(batches(lengths)), self._count))

        def some() -> None:
            while waiting:
                try:
                    batch = waiting.pop()  # the longest texts first: what is left at the end is short
                except IndexError:
                    return  # another thread was faster
                work(batch)

        others = [self._others.submit(some) for _ in range(min(self._count, len(waiting)) - 1)] if self._others else []
        try:
            some()
        finally:
            for each in others:
                each.result()
