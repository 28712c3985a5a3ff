"""Answers kept under the caller's Idempotency-Key, so that a repeated request is answered alike.

Kept in memory, bounded in number and time. After a restart a repeated request is worked on again, which changes
nothing that a reader who goes by ids could see: ids follow from content.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from towpath.core.errors import ConflictError

__all__ = ["Answer", "IdempotencyStore"]


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any


class IdempotencyStore:
    """One event loop's; not for threads."""

    def __init__(self, *, size: int, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._ttl_s, self._clock = size, ttl_s, clock
        self._kept: OrderedDict[str, tuple[float, str, Answer]] = OrderedDict()
        self._working: set[str] = set()

    def knows(self, key: str) -> bool:
        """Whether there is an answer to compare with."""
        self._expire()
        return key in self._kept

    def begin(self, key: str) -> None:
        """Raises ConflictError while another request of the same key is worked on."""
        if key in self._working:
            raise ConflictError("a request with this Idempotency-Key is being worked on: wait for its answer")
        self._working.add(key)

    def end(self, key: str) -> None:
        self._working.discard(key)

    def answer(self, key: str, digest: str) -> Answer:
        """The kept answer; raises ConflictError when the key came with another body."""
        _, kept, answer = self._kept[key]
        if kept != digest:
            raise ConflictError("this Idempotency-Key came with another body before: use a new key")
        return answer

    def keep(self, key: str, digest: str, answer: Answer) -> None:
        self._kept[key] = (self._clock() + self._ttl_s, digest, answer)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def _expire(self) -> None:
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._kept.popitem(last=False)
