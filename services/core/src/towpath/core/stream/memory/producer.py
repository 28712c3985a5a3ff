"""Producers of the in-memory broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.stream.closing import Closing
from towpath.core.stream.port import Message, Progress

if TYPE_CHECKING:
    from towpath.core.stream.memory.broker import MemoryBroker

__all__ = ["MemoryProducer", "MemoryTransactionalProducer"]


class _Nothing(Closing):
    def close(self) -> None:
        """There is nothing to release."""


class MemoryProducer(_Nothing):
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def send(self, messages: Sequence[Message], *, timeout_s: float) -> None:
        self._broker.fault("send")
        self._broker.reachable()
        self._broker.append(messages)


class MemoryTransactionalProducer(_Nothing):
    def __init__(self, broker: MemoryBroker, transactional_id: str, epoch: int) -> None:
        self._broker = broker
        self._who = (transactional_id, epoch)
        self._spent = False

    def commit(self, messages: Sequence[Message], progress: Progress, *, timeout_s: float = 60.0) -> None:
        if self._spent:
            raise TransactionAbortedError("this producer is spent: an earlier transaction of it was aborted")
        self._spent = True
        self._broker.fault("commit.begin")
        try:
            self._broker.commit(self._who, messages, progress)
        except RetryableError as error:
            raise TransactionAbortedError(str(error)) from error
        self._broker.fault("commit.done")
        self._spent = False
