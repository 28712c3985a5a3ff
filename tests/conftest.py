"""Fixtures that everybody shares: a real Kafka, and names that keep tests apart on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from towpath.cli.local import LocalKafka
from towpath.core.stream import KafkaBroker, Registry, TopicSpec


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """One real Kafka for the whole session. Tests keep apart by prefix."""
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    """A Kafka of this test's own, to kill and start again on the same port and data."""
    with LocalKafka(tmp_path / "own-kafka") as started:
        yield started


@pytest.fixture
def broker(kafka: LocalKafka) -> Iterator[KafkaBroker]:
    with KafkaBroker(kafka.settings) as connected:
        yield connected


@pytest.fixture
def prefix() -> str:
    """Leads the topics of this test alone; groups are named after it, too."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def topics(broker: KafkaBroker, prefix: str) -> Registry:
    """The registry's topics, created under this test's prefix."""
    registry = Registry.load(prefix)
    broker.create_topics(registry.specs())
    return registry


@pytest.fixture
def make_topics(broker: KafkaBroker, prefix: str) -> Callable[..., list[str]]:
    """`make_topics("a", "b", partitions=3)` creates empty topics of those names, returns their full names."""

    def make(*names: str, partitions: int = 1) -> list[str]:
        full = [prefix + name for name in names]
        broker.create_topics([TopicSpec(name, partitions) for name in full])
        return full

    return make
