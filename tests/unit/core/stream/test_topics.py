"""Creating the registry's topics: at once, again without harm, and when Kafka comes late."""

from __future__ import annotations

import threading

import pytest

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.stream import MemoryBroker, Registry
from towpath.core.topics import compare_topics, ensure_topics, wanted_topics

REGISTRY = Registry.load("test.")
SPECS = REGISTRY.specs()


def test_a_second_time_nothing_is_created() -> None:
    broker = MemoryBroker()
    assert ensure_topics(broker, SPECS, wait_s=0) == [spec.name for spec in SPECS]
    assert ensure_topics(broker, SPECS, wait_s=0) == []


def test_kafka_may_come_late_but_not_too_late() -> None:
    broker = MemoryBroker()
    broker.away = True
    with pytest.raises(RetryableError):
        ensure_topics(broker, SPECS, wait_s=0)
    threading.Timer(0.2, lambda: setattr(broker, "away", False)).start()
    assert ensure_topics(broker, SPECS, wait_s=20)


def test_topics_of_others_are_compared_and_each_difference_is_named() -> None:
    broker = MemoryBroker()
    broker.create_topics([spec for spec in SPECS if spec.name != "test.models"])
    with pytest.raises(RejectedError, match=r"registry says: test\.models is not there$"):
        compare_topics(broker, SPECS, wait_s=0)
    broker.create_topics(SPECS)
    compare_topics(broker, SPECS, wait_s=0)
    stricter = wanted_topics(REGISTRY, replication=None, min_insync=2)
    with pytest.raises(RejectedError, match=r"test\.documents: min\.insync\.replicas is unknown, not 2"):
        compare_topics(broker, stricter, wait_s=0)
