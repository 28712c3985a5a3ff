"""What every broker promises: order by key, offsets, topics, isolation."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

import pytest

from towpath.core.errors import RetryableError, TooLargeError, TransactionAbortedError
from towpath.core.stream import Batch, Broker, Consumer, Message, Partition, Record, TopicSpec, differences

GOLDEN = {"a": 0, "b": 0, "c": 2, "doc-1": 3, "doc-2": 1, "ü": 2}


def send(port: Broker, messages: Sequence[Message]) -> None:
    with port.producer(client_id="test") as producer:
        producer.send(messages, timeout_s=20)


def numbered(topic: str, count: int, *, keys: int = 5) -> list[Message]:
    return [Message(topic, str(n).encode(), f"k{n % keys}".encode(), (("h", b"v"),)) for n in range(count)]


def read(consumer: Consumer, count: int, *, limit_s: float = 20.0) -> list[Record]:
    """Exactly `count` records, or whatever came within the limit."""
    deadline, records = time.monotonic() + limit_s, list[Record]()
    while len(records) < count and time.monotonic() < deadline:
        records += consumer.poll(timeout_s=0.5).records
    return records


def next_batch(consumer: Consumer, most: int) -> Batch:
    """The next batch that is not empty."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        batch = consumer.poll(timeout_s=0.5, max_records=most)
        if batch:
            return batch
    raise AssertionError("nothing came")


def all_of(port: Broker, topic: str, count: int, **how: str) -> list[Record]:
    """What a reader without a group sees, with a look past the end for what should not be there."""
    with port.consumer([topic], group=None, **how) as reader:  # type: ignore[arg-type]
        return read(reader, count) + list(reader.poll(timeout_s=0.3).records)


def test_everything_sent_arrives_once_with_key_value_and_headers(port: Broker, topic: str) -> None:
    sent = numbered(topic, 200)
    send(port, sent)
    records = all_of(port, topic, 200)
    assert sorted((r.key, r.value) for r in records) == sorted((m.key, m.value) for m in sent)
    assert all(r.headers == (("h", b"v"),) and r.topic == topic for r in records)
    assert all(abs(r.timestamp_ms / 1000 - time.time()) < 120 for r in records)


def test_order_is_kept_within_a_key(port: Broker, topic: str) -> None:
    send(port, numbered(topic, 300))
    by_key = defaultdict(list)
    for record in all_of(port, topic, 300):
        by_key[record.key].append(int(record.value or b""))
    assert len(by_key) == 5
    assert all(values == sorted(values) for values in by_key.values())


def test_a_key_always_goes_to_the_partition_that_murmur2_says(port: Broker, topic: str) -> None:
    send(port, [Message(topic, b"", key.encode()) for key in ("a", "b", "c", "doc-1", "doc-2", "ü")])
    found = {(record.key or b"").decode(): record.partition for record in all_of(port, topic, 6)}
    # Golden values, from Kafka itself: other languages' clients agree with them.
    assert found == GOLDEN


def test_a_message_may_name_its_partition(port: Broker, topic: str) -> None:
    send(port, [Message(topic, b"x", b"k", partition=n) for n in range(4)])
    assert sorted(r.partition for r in all_of(port, topic, 4)) == [0, 1, 2, 3]


def test_a_group_goes_on_where_it_committed(port: Broker, topic: str, prefix: str) -> None:
    send(port, numbered(topic, 100))
    with port.consumer([topic], group=prefix + "g") as first:
        seen = []
        while len(seen) < 40:
            batch = first.poll(timeout_s=5, max_records=20)
            seen += batch.records
            first.commit(batch.progress)
        first.poll(timeout_s=1)  # read, but not committed
    with port.consumer([topic], group=prefix + "g") as second:
        rest = read(second, 100 - len(seen)) + list(second.poll(timeout_s=0.3).records)
    values = [int(r.value or b"") for r in [*seen, *rest]]
    assert sorted(values) == list(range(100))


def test_rewind_goes_back_to_what_was_committed(port: Broker, topic: str, prefix: str) -> None:
    send(port, numbered(topic, 60))
    with port.consumer([topic], group=prefix + "g") as consumer:
        first = read(consumer, 60)
        consumer.rewind()
        again = read(consumer, 60)
    assert sorted(r.value or b"" for r in first) == sorted(r.value or b"" for r in again)


def test_a_latest_reader_sees_only_what_comes_after_it(port: Broker, topic: str) -> None:
    send(port, numbered(topic, 10))
    with port.consumer([topic], group=None, start="latest") as reader:
        send(port, [Message(topic, b"new", b"k")])
        assert [r.value for r in read(reader, 1)] == [b"new"]


def test_a_paused_partition_is_left_alone(port: Broker, topic: str) -> None:
    send(port, [Message(topic, str(n).encode(), partition=n) for n in range(4)])
    with port.consumer([topic], group=None) as reader:
        reader.pause([Partition(topic, 2)])
        assert sorted(r.partition for r in [*read(reader, 3), *reader.poll(timeout_s=0.3).records]) == [0, 1, 3]
        reader.resume([Partition(topic, 2)])
        assert [r.partition for r in read(reader, 1)] == [2]


def test_positions_reach_the_end_although_markers_take_offsets(port: Broker, topic: str, prefix: str, out: str) -> None:
    send(port, numbered(topic, 20))
    with port.consumer([topic], group=prefix + "g") as consumer, port.transactional_producer(prefix + "t") as producer:
        for _ in range(3):
            batch = next_batch(consumer, 5)
            producer.commit([Message(out, b"x", partition=0) for _ in batch.records], batch.progress)
    with port.consumer([out], group=None) as reader:
        assert read(reader, 3) != []
        reader.poll(timeout_s=0.3)
        ends = reader.end_offsets()
        assert ends[Partition(out, 0)] >= 6, "each transaction's marker takes an offset"
        assert all(reader.position(partition) == end for partition, end in ends.items())


def test_creating_topics_twice_changes_nothing(port: Broker, topic: str, prefix: str) -> None:
    spec = TopicSpec(prefix + "new", 2, {"max.message.bytes": "2000"})
    assert list(port.create_topics([spec, TopicSpec(topic, 9)])) == [prefix + "new"]
    assert list(port.create_topics([spec])) == []
    assert (port.topics()[prefix + "new"], port.topics()[topic]) == (2, 4)


def test_a_message_beyond_the_topics_limit_is_too_large(port: Broker, prefix: str) -> None:
    port.create_topics([TopicSpec(prefix + "small", 1, {"max.message.bytes": "2000"})])
    with port.producer(client_id="test") as producer:
        with pytest.raises(TooLargeError):
            producer.send([Message(prefix + "small", b"x" * 5000)], timeout_s=20)
        producer.send([Message(prefix + "small", b"fits")], timeout_s=20)
    assert [r.value for r in all_of(port, prefix + "small", 1)] == [b"fits"]


def test_a_topic_that_does_not_exist_is_not_made_up(port: Broker, prefix: str) -> None:
    with pytest.raises(RetryableError, match="create it first"), port.consumer([prefix + "none"], group=None) as reader:
        reader.poll(timeout_s=0.1)
    assert prefix + "none" not in port.topics()


def test_a_reachable_broker_answers_a_ping(port: Broker) -> None:
    port.ping(timeout_s=5)


def test_offsets_of_a_commit_from_an_older_generation_change_nothing(port: Broker, topic: str, prefix: str) -> None:
    send(port, numbered(topic, 20))
    with port.consumer([topic], group=prefix + "g") as zombie, port.transactional_producer(prefix + "t") as producer:
        batch = next_batch(zombie, 500)
        zombie.close()
        with port.consumer([topic], group=prefix + "g") as successor:
            assert len(read(successor, 20)) == 20
            with pytest.raises(TransactionAbortedError):
                producer.commit([Message(prefix + "out", b"late")], batch.progress, timeout_s=20)
    assert all_of(port, prefix + "out", 0) == []


def test_a_topic_is_described_as_it_was_created(port: Broker, prefix: str) -> None:
    wanted = TopicSpec(prefix + "a", 2, {"retention.ms": "1234", "cleanup.policy": "delete"})
    port.create_topics([wanted])
    found = port.describe([wanted.name, prefix + "absent"])
    assert list(found) == [wanted.name]
    assert differences(wanted, found[wanted.name]) == []
    assert port.describe([prefix + "absent"]) == {}
