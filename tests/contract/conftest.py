"""The two brokers that must not differ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from towpath.core.stream import Broker, KafkaBroker, MemoryBroker, TopicSpec


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def port(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Each test of this folder runs once on each implementation."""
    if request.param == "memory":
        yield MemoryBroker()
        return
    with KafkaBroker(request.getfixturevalue("kafka").settings) as broker:
        yield broker


@pytest.fixture
def topic(port: Broker, prefix: str) -> str:
    """A topic of four partitions."""
    name = prefix + "in"
    port.create_topics([TopicSpec(name, 4), TopicSpec(prefix + "out", 3)])
    return name


@pytest.fixture
def out(topic: str) -> str:
    """A second topic."""
    return topic.removesuffix("in") + "out"
