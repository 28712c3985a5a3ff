"""Going to a moment and to a place: what a snapshot as of a moment is cut by."""

from __future__ import annotations

import time

from support.waiting import until
from towpath.core.stream import Broker, Message, Partition, Record, TopicSpec


def written(port: Broker, topic: str, count: int) -> list[Record]:
    """`count` more records; all that are there."""
    with port.producer(client_id="test") as producer:
        producer.send([Message(topic, str(n).encode(), f"k{n % 5}".encode()) for n in range(count)], timeout_s=20)
    with port.consumer([topic], group=None) as reader:
        found: list[Record] = []
        ends = reader.end_offsets()
        while sum(ends.values()) > len(found):
            found += reader.poll(timeout_s=0.5).records
        return found


def test_a_moment_parts_what_was_before_it_from_what_came_after(port: Broker, topic: str) -> None:
    before = written(port, topic, 40)
    moment = max(each.timestamp_ms for each in before) + 1
    until(lambda: time.time() * 1000 > moment)
    everything = written(port, topic, 40)
    with port.consumer([topic], group=None) as reader:
        at, ends = reader.offsets_at(moment), reader.end_offsets()
        assert sum(at.values()) == 40
        assert reader.offsets_at(0) == reader.begin_offsets() == dict.fromkeys(ends, 0)
        assert reader.offsets_at(int(time.time() * 1000) + 3_600_000) == ends
    later = [each for each in everything if each.offset >= at[Partition(topic, each.partition)]]
    assert len(later) == 40
    assert min(each.timestamp_ms for each in later) >= moment


def test_a_reader_goes_on_from_where_it_is_told_to(port: Broker, topic: str) -> None:
    everything = written(port, topic, 40)
    with port.consumer([topic], group=None) as reader:
        places = {partition: end - min(end, 3) for partition, end in reader.end_offsets().items()}
        reader.seek(places)
        assert all(reader.position(partition) == place for partition, place in places.items())
        wanted = [each for each in everything if each.offset >= places[Partition(topic, each.partition)]]
        found = until(lambda: list(reader.poll(timeout_s=0.5).records))
        while len(found) < len(wanted):
            found += until(lambda: list(reader.poll(timeout_s=0.5).records))
    assert sorted((r.partition, r.offset) for r in found) == sorted((r.partition, r.offset) for r in wanted)


def test_topics_of_two_names_have_two_ids_that_stay(port: Broker, topic: str, prefix: str) -> None:
    port.create_topics([TopicSpec(prefix + "other", 1)])
    with port.consumer([topic, prefix + "other"], group=None) as reader:
        first = reader.topic_ids()
    with port.consumer([topic], group=None) as reader:
        assert reader.topic_ids() == {topic: first[topic]}
    assert len(set(first.values())) == 2
    assert all(first.values())
