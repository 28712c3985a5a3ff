"""Creating the registry's topics: at once, again without harm, and when Kafka comes late."""

from __future__ import annotations

import threading

import pytest

from towpath.core.errors import RetryableError
from towpath.core.stream import MemoryBroker, Registry
from towpath.core.topics import ensure_topics

REGISTRY = Registry.load("test.")


def test_a_second_time_nothing_is_created() -> None:
    broker = MemoryBroker()
    assert ensure_topics(broker, REGISTRY, replication=None, wait_s=0) == [spec.name for spec in REGISTRY.specs()]
    assert ensure_topics(broker, REGISTRY, replication=None, wait_s=0) == []


def test_kafka_may_come_late_but_not_too_late() -> None:
    broker = MemoryBroker()
    broker.away = True
    with pytest.raises(RetryableError):
        ensure_topics(broker, REGISTRY, replication=None, wait_s=0)
    threading.Timer(0.2, lambda: setattr(broker, "away", False)).start()
    assert ensure_topics(broker, REGISTRY, replication=None, wait_s=20)
