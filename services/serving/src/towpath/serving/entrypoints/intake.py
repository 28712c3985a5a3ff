"""Fetching and decoding ahead of the inference, bounded in documents."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from towpath.core.stream import Consumer, Partition, Progress, Record
from towpath.serving.entrypoints.backlog import Backlog
from towpath.serving.handlers import Decoded

__all__ = ["Intake", "Taken"]


@dataclass(frozen=True)
class Taken:
    """What is inferred and committed together. `polls` is how many polls it came from."""

    decoded: Decoded
    progress: Progress
    polls: int

    def __len__(self) -> int:
        return len(self.decoded.records)


class Intake:
    """Polls `consumer`, which is its alone, and decodes, as long as fewer documents than are taken at once wait here.

    That is the back-pressure: who is not polled fetches no more, and Kafka's client keeps at most a fetch. Once
    started it works in a thread of its own; before, whoever takes polls for himself.
    """

    def __init__(
        self, consumer: Consumer, decode: Callable[[Sequence[Record]], Decoded], backlog: Backlog, poll_s: float
    ) -> None:
        self._consumer, self._decode, self._backlog, self._poll_s = consumer, decode, backlog, poll_s
        self._changed = threading.Condition()
        self._waiting: deque[Taken] = deque()
        self._most = 1
        self._failure: BaseException | None = None
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Poll ahead from now on, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What waits here is dropped: its offsets are not committed. Returns once the consumer is free."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def take(self, most: int) -> Taken | None:
        """All that waits, up to `most` documents or one poll; None when nothing came within a poll's time.

        Raises whatever polling raised.
        """
        with self._changed:
            self._most = most
            self._changed.notify_all()
            if self._thread is not None and not self._waiting and self._failure is None:
                self._changed.wait(self._poll_s)
        if self._thread is None:
            self._poll(most)
        with self._changed:
            if self._failure is not None and not self._waiting:
                raise self._failure
            taken = self._merged(most)
            self._changed.notify_all()
            return taken

    def _run(self) -> None:
        try:
            while self._room():
                self._poll(self._most)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised in the taker's thread
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _room(self) -> bool:
        """Wait until more may be fetched; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or sum(map(len, self._waiting)) < self._most)
            return not self._ended

    def _poll(self, most: int) -> None:
        batch = self._consumer.poll(timeout_s=self._poll_s, max_records=most)
        self._backlog.polled(batch)
        self._backlog.report(self._consumer)
        if not batch:
            return
        taken = Taken(self._decode(batch.records), batch.progress, 1)
        with self._changed:
            if not self._ended:
                self._waiting.append(taken)
                self._changed.notify_all()

    def _merged(self, most: int) -> Taken | None:
        """The first that waits, and those behind it that fit. Of one member only: offsets are committed as one."""
        if not self._waiting:
            return None
        parts = [self._waiting.popleft()]
        while self._waiting and self._waiting[0].progress.member == parts[0].progress.member:
            if sum(map(len, parts)) + len(self._waiting[0]) > most:
                break
            parts.append(self._waiting.popleft())
        return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[Taken]) -> Taken:
    decoded = Decoded(
        [record for each in parts for record in each.decoded.records],
        [good for each in parts for good in each.decoded.good],
        [bad for each in parts for bad in each.decoded.bad],
    )
    offsets: dict[Partition, int] = {}
    for each in parts:
        offsets.update(each.progress.offsets)
    return Taken(decoded, Progress(offsets, parts[-1].progress.member), len(parts))
