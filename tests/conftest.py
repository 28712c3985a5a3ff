"""Fixtures that everybody shares: a real Kafka, and names that keep tests apart on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support.sharing import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)
from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker, Registry, TopicSpec

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
]

# How long an example takes is the machine's: timings belong in benchmarks.
settings.register_profile("towpath", deadline=None)
settings.load_profile("towpath")

PRINCIPALS = ("admin", "client", "ingestion", "monitoring", "serving", "stranger", "training")
SECURED = """
listeners=PLAINTEXT://127.0.0.1:{{port}},CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{{controller_port}}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},CLIENTS://127.0.0.1:{clients},\
CONTROLLER://127.0.0.1:{{controller_port}}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# The broker's own listeners know nobody's name.
super.users=User:admin;User:ANONYMOUS
"""


class SecuredKafka(LocalKafka):
    """A Kafka that asks who is there (SASL/PLAIN) and what they may do. A principal's password is its name."""

    def __init__(self, folder: Path) -> None:
        self._clients = choose_port()
        users = " ".join(f'user_{name}="{name}"' for name in PRINCIPALS)
        super().__init__(folder, properties=SECURED.format(clients=self._clients, users=users))

    def environment_of(self, principal: str, password: str | None = None) -> dict[str, str]:
        return {
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self._clients}",
            "TOWPATH_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "TOWPATH_KAFKA_SASL_MECHANISM": "PLAIN",
            "TOWPATH_KAFKA_SASL_USERNAME": principal,
            "TOWPATH_KAFKA_SASL_PASSWORD": password or principal,
        }

    def settings_of(self, principal: str, password: str | None = None) -> KafkaSettings:
        told = self.environment_of(principal, password)
        return KafkaSettings(**{name.removeprefix("TOWPATH_KAFKA_").lower(): said for name, said in told.items()})  # type: ignore[arg-type]


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


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One real Kafka with principals and ACLs for the whole session."""
    with SecuredKafka(tmp_path_factory.mktemp("secured-kafka")) as started:
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
