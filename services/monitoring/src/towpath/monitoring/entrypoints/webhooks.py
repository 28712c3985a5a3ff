"""Sending what `alerts` says to webhooks, a loop for each, so that none waits for another and the reader for none.

How far a receiver has been told is its consumer group's offset on Kafka, committed once there is nothing that it is
still to be told. What lies before that offset is folded again at the start, so that after a restart nothing is told
twice that was answered, and what was not is told. A receiver that is new is told what is open, and not what was.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog

from towpath.core.errors import DeadLetterError, RejectedError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import (
    Batch,
    Broker,
    Codec,
    Consumer,
    Partition,
    Progress,
    Record,
    Registry,
    group_prefix,
    read_until,
)
from towpath.monitoring.adapters.receivers import Receiver
from towpath.monitoring.domain.book import Book
from towpath.monitoring.domain.payloads import webhook
from towpath.monitoring.domain.telling import Heard, Notice
from towpath.v1 import Alert

__all__ = ["WebhookLoop"]

_log = structlog.get_logger(__name__)
_POLL_S, _MAX_RECORDS = 0.5, 2000
_CLIENT = "towpath-monitoring-webhooks"


@dataclass
class _Turn:
    """From when the partitions became this member's until they are no longer."""

    member: Any
    ends: dict[Partition, int]
    book: Book = field(default_factory=Book)
    heard: Heard = field(default_factory=Heard)
    read: dict[Partition, int] = field(default_factory=dict)
    committed: dict[Partition, int] = field(default_factory=dict)
    current: bool = False
    again_at: float = 0.0


@dataclass
class WebhookLoop:
    """One receiver's. `unit`: of the objective's costs."""

    broker: Broker
    codec: Codec
    registry: Registry
    receiver: Receiver
    unit: str
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=0.5, cap_s=60.0))

    def __post_init__(self) -> None:
        self._topic = self.registry.full_name("alerts")
        # Named after the address, which may be put at another place in the settings.
        digest = hashlib.sha256(self.receiver.url.get_secret_value().encode()).hexdigest()[:16]
        self._group = f"{group_prefix(self.registry, 'monitoring')}.webhooks.{digest}"

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                with self.broker.consumer([self._topic], group=self._group, client_id=_CLIENT) as reader:
                    self._follow(reader, stop)
            except RetryableError as error:
                if not stop.is_set():
                    _log.info("webhooks.waiting", receiver=self.receiver.name, reason=str(error))
                    self.backoff.wait(stop)

    def _follow(self, reader: Consumer, stop: threading.Event) -> None:
        turn: _Turn | None = None
        while not stop.is_set():
            batch = reader.poll(timeout_s=_POLL_S, max_records=_MAX_RECORDS)
            if not reader.assignment():
                turn = None  # another process tells this receiver
                continue
            if turn is None or turn.member != batch.progress.member:
                turn = self._begin(reader, batch, stop)
            for record in batch.records:
                self._take(turn.book, record)
                turn.read[Partition(record.topic, record.partition)] = record.offset + 1
                # One by one, so that what was told of one is committed before the next is tried.
                self._tell(turn, reader)
            turn.current = turn.current or all(reader.position(each) >= end for each, end in turn.ends.items())
            self._tell(turn, reader)

    def _begin(self, reader: Consumer, batch: Batch, stop: threading.Event) -> _Turn:
        """Fold what was told before."""
        first = {each: reader.position(each) for each in reader.assignment()}
        for record in reversed(batch.records):
            first[Partition(record.topic, record.partition)] = record.offset
        turn = _Turn(batch.progress.member, dict(reader.end_offsets()))
        for record in self._before(first, stop):
            self._take(turn.book, record)
            for notice in turn.heard.due(turn.book):
                turn.heard.heard(notice)
        return turn

    def _before(self, first: dict[Partition, int], stop: threading.Event) -> Iterable[Record]:
        if not any(first.values()):
            return
        with self.broker.consumer([self._topic], group=None, client_id=_CLIENT) as history:
            mine = {each: end for each, end in first.items() if each in history.assignment()}
            for record in read_until(history, mine, stop):
                if record.offset < first.get(Partition(record.topic, record.partition), 0):
                    yield record

    def _take(self, book: Book, record: Record) -> None:
        if record.value is None:
            return
        try:
            book.apply(self.codec.decode(record, Alert).message)
        except DeadLetterError:
            return  # the reader tells of it

    def _tell(self, turn: _Turn, reader: Consumer) -> None:
        """Send what is due; when all has been told, that is committed."""
        if not turn.current or time.monotonic() < turn.again_at:
            return
        for notice in turn.heard.due(turn.book):
            if not self._sent(turn, notice):
                return
            turn.heard.heard(notice)
        self.backoff.reset()
        if turn.read != turn.committed:
            reader.commit(Progress(dict(turn.read), turn.member))
            turn.committed = dict(turn.read)

    def _sent(self, turn: _Turn, notice: Notice) -> bool:
        """False where it is to be tried again."""
        about = {"receiver": self.receiver.name, "alert": notice.entry.alert_id, "cause": notice.entry.key[1]}
        try:
            self.receiver.post(webhook(notice, self.unit))
        except RetryableError as error:
            wait_s = self.backoff.delay_s()
            turn.again_at = time.monotonic() + wait_s
            _log.warning("webhooks.failed", **about, reason=str(error), again_in_s=round(wait_s, 1))
            return False
        except RejectedError as error:
            _log.error("webhooks.refused", **about, reason=str(error))
            return True
        _log.info("webhooks.told", **about, firing=notice.firing)
        return True
