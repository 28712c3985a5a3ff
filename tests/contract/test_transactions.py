"""What every broker promises of transactions: all or nothing, fenced, invisible until committed."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from support.streams import some
from towpath.core.errors import TransactionAbortedError
from towpath.core.stream import Batch, Broker, Consumer, Message, Progress, Record


def feed(port: Broker, topic: str, count: int) -> None:
    with port.producer(client_id="test") as producer:
        producer.send([Message(topic, str(n).encode(), f"k{n}".encode()) for n in range(count)], timeout_s=20)


def copies(batch: Batch, out: str) -> list[Message]:
    return [Message(out, record.value, record.key) for record in batch.records]


def visible(port: Broker, topic: str, count: int, isolation: str = "read_committed") -> list[Record]:
    deadline, records = time.monotonic() + 20, list[Record]()
    with port.consumer([topic], group=None, isolation=isolation) as reader:  # type: ignore[arg-type]
        while len(records) < count and time.monotonic() < deadline:
            records += reader.poll(timeout_s=0.5).records
        return records + list(reader.poll(timeout_s=0.3).records)


def work_off(port: Broker, consumer: Consumer, out: str, transactional_id: str, count: int) -> int:
    """Copy `count` records in transactions; how many transactions it took."""
    done = transactions = 0
    with port.transactional_producer(transactional_id) as producer:
        while done < count:
            batch = some(consumer, 17)
            producer.commit(copies(batch, out), batch.progress, timeout_s=20)
            done, transactions = done + len(batch.records), transactions + 1
    return transactions


def test_messages_and_offsets_commit_together(port: Broker, topic: str, out: str, prefix: str) -> None:
    feed(port, topic, 100)
    with port.consumer([topic], group=prefix + "g") as consumer:
        assert work_off(port, consumer, out, prefix + "t", 100) > 2
    assert Counter(r.value for r in visible(port, out, 100)) == Counter(str(n).encode() for n in range(100))
    with port.consumer([topic], group=prefix + "g") as successor:
        assert successor.poll(timeout_s=2).records == [] or not successor.poll(timeout_s=0.1)


def test_an_aborted_transaction_is_invisible_and_moves_no_offset(
    port: Broker, topic: str, out: str, prefix: str
) -> None:
    feed(port, topic, 10)
    with port.consumer([topic], group=prefix + "g") as first:
        batch = some(first)
    with port.transactional_producer(prefix + "t") as producer, pytest.raises(TransactionAbortedError):
        # Its member has left the group, so the broker refuses the offsets and with them the transaction.
        producer.commit(copies(batch, out), batch.progress, timeout_s=20)
    port.transactional_producer(prefix + "t").close()  # takes over, which ends what the spent one left open
    assert visible(port, out, 0) == []
    with port.consumer([topic], group=prefix + "g") as second:
        assert work_off(port, second, out, prefix + "t", 10) >= 1
    assert len(visible(port, out, 10)) == 10


def test_a_spent_producer_stays_spent(port: Broker, topic: str, out: str, prefix: str) -> None:
    feed(port, topic, 10)
    with port.consumer([topic], group=prefix + "g") as first:
        batch = some(first)
    producer = port.transactional_producer(prefix + "t")
    for _ in range(2):
        with pytest.raises(TransactionAbortedError):
            producer.commit(copies(batch, out), batch.progress, timeout_s=20)
    producer.close()


def test_a_newer_producer_of_the_same_id_fences_the_older(port: Broker, topic: str, out: str, prefix: str) -> None:
    feed(port, topic, 10)
    with port.consumer([topic], group=prefix + "g") as consumer:
        batch = some(consumer)
        older = port.transactional_producer(prefix + "t")
        newer = port.transactional_producer(prefix + "t")
        with pytest.raises(TransactionAbortedError):
            older.commit([Message(out, b"zombie", b"k")], Progress({}, batch.progress.member), timeout_s=20)
        newer.commit([Message(out, b"alive", b"k")], batch.progress, timeout_s=20)
        older.close()
        newer.close()
    assert [r.value for r in visible(port, out, 1)] == [b"alive"]


def test_uncommitted_readers_see_what_was_aborted(port: Broker, topic: str, out: str, prefix: str) -> None:
    feed(port, topic, 10)
    with port.consumer([topic], group=prefix + "g") as first:
        batch = some(first)
    with port.transactional_producer(prefix + "t") as producer, pytest.raises(TransactionAbortedError):
        producer.commit(copies(batch, out), batch.progress, timeout_s=20)
    count = len(batch.records)
    assert len(visible(port, out, count, "read_uncommitted")) == count


def test_every_record_is_processed_once_while_members_come_and_go(
    port: Broker, topic: str, out: str, prefix: str
) -> None:
    feed(port, topic, 400)
    first, second = Worker(port, topic, out, prefix, 0), None
    for _ in range(4):
        first.turn()
    second = Worker(port, topic, out, prefix, 1)
    for _ in range(25):
        first.turn()
        second.turn()
    first.close()
    deadline = time.monotonic() + 60
    while len(visible(port, out, 0)) < 400 and time.monotonic() < deadline:
        second.turn()
    second.close()
    assert Counter(r.value for r in visible(port, out, 400)) == Counter(str(n).encode() for n in range(400))


class Worker:
    """Copies in transactions, a few records a turn; starts again as the port demands."""

    def __init__(self, port: Broker, topic: str, out: str, prefix: str, number: int) -> None:
        self._port, self._out, self._id = port, out, f"{prefix}t{number}"
        self._consumer = port.consumer([topic], group=prefix + "g")
        self._producer = port.transactional_producer(self._id)

    def turn(self) -> None:
        batch = self._consumer.poll(timeout_s=0.2, max_records=5)
        if not batch:
            return
        try:
            self._producer.commit(copies(batch, self._out), batch.progress, timeout_s=20)
        except TransactionAbortedError:
            self._producer.close()
            self._consumer.rewind()
            self._producer = self._port.transactional_producer(self._id)

    def close(self) -> None:
        self._consumer.close()
        self._producer.close()
