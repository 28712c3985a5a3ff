"""Fault 6 on a real Kafka: a transaction that never ends is seen by its age, and the runbook's remedy ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaProducer, TopicPartition
from prometheus_client import CollectorRegistry

from towpath.cli.local import LocalKafka
from towpath.core.stream import KafkaBroker, Message, Progress, Registry
from towpath.monitoring.entrypoints.stability import StabilityWatch
from towpath.monitoring.metrics import MonitoringMetrics

pytestmark = pytest.mark.kafka
PARTITION = 3


def within(seconds: float, probe: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


@pytest.fixture
def age(broker: KafkaBroker, topics: Registry) -> Iterator[Callable[[int], float | None]]:
    """What monitoring exports for a partition, while it watches."""
    metrics, stop = MonitoringMetrics(CollectorRegistry()), threading.Event()
    watch = StabilityWatch(broker, topics.full_name("predictions"), "predictions", metrics, every_s=0.1)
    thread = threading.Thread(target=watch.loop, args=[stop])
    thread.start()

    def read(partition: int) -> float | None:
        labels = {"topic": "predictions", "partition": str(partition)}
        return metrics.registry.get_sample_value("towpath_monitoring_open_transaction_seconds", labels)

    yield read
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def hanging(kafka: LocalKafka, topics: Registry, prefix: str) -> Iterator[TopicPartition]:
    """A partition with a transaction that nobody will end: it may take a quarter of an hour."""
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, transactional_id=f"{prefix}hangs", transaction_timeout_ms=900_000
    )
    producer.init_transactions()
    producer.begin_transaction()
    topic = topics.full_name("predictions")
    producer.send(topic, b"half", partition=PARTITION)
    producer.flush()
    yield TopicPartition(topic, PARTITION)
    producer.close(timeout=0)


def test_it_is_seen_where_it_hangs_and_ends_with_the_runbooks_command(
    broker: KafkaBroker,
    prefix: str,
    age: Callable[[int], float | None],
    hanging: TopicPartition,
) -> None:
    within(20, lambda: (age(PARTITION) or 0) > 1, "the age of the transaction grows")
    assert [age(n) for n in range(6) if n != PARTITION] == [0] * 5
    with (
        broker.consumer([hanging.topic], group=None) as reader,
        broker.transactional_producer(prefix + "worker") as worker,
    ):
        # The worker goes on; its readers see nothing of it.
        worker.commit([Message(hanging.topic, b"whole", b"k", (), PARTITION)], Progress({}), timeout_s=20)
        assert not reader.poll(timeout_s=1)
        (found_open,) = broker.open_transactions([hanging.topic])
        assert (found_open.name, found_open.owner) == (f"{hanging.topic}/{PARTITION}/0", f"{prefix}hangs")
        broker.abort_transaction(found_open)  # towpath transactions abort
        found: list[bytes | None] = []
        within(20, lambda: bool(found.extend(r.value for r in reader.poll(timeout_s=0.5).records) or found), "read")
    assert found == [b"whole"]
    within(10, lambda: age(PARTITION) == 0, "the age is 0 again")

    assert not broker.open_transactions([hanging.topic])
