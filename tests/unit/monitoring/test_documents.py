"""Documents are looked at as they come in."""

from __future__ import annotations

import threading
import time

from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.objective import load_objective
from towpath.core.objective.parts import FalseAlarms
from towpath.core.stream import Codec, Message, Record, Registry
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.data import DATA_CAUSES, DataMonitor
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.entrypoints.documents import DataWatch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import Document

TOPIC = "towpath.documents"
OBJECTIVE = load_objective("objective.yaml")
LIMITS = OBJECTIVE.contract.data_quality
SAID = "an ordinary english sentence about the weather in our town, number"


def watch(broker: MemoryBroker, **changes: int) -> DataWatch:
    metrics = MonitoringMetrics(CollectorRegistry())
    monitor = DataMonitor(OBJECTIVE, metrics, Budget.of(FalseAlarms(), DATA_CAUSES), changes.get("window", 100))
    return DataWatch(broker, Codec(), TOPIC, monitor, changes.get("budget", 500))


def passed(broker: MemoryBroker, texts: list[str], *, more: list[Message] | None = None) -> list[Record]:
    made = [
        Codec().encode(Document(document_id=f"d{n}", text=text), topic=TOPIC, key=f"d{n}")
        for n, text in enumerate(texts)
    ]
    broker.create_topics([each for each in Registry.load("towpath.").specs() if each.name == TOPIC])
    with broker.producer(client_id="test") as producer:
        producer.send([*made, *(more or [])], timeout_s=5)
    with broker.consumer([TOPIC], group=None) as consumer:
        return list(consumer.poll(timeout_s=1, max_records=10_000).records)


def text(of: DataWatch) -> str:
    return generate_latest(of.monitor.metrics.registry).decode()


def test_what_passes_by_is_told_as_shares_beside_their_limits() -> None:
    broker = MemoryBroker()
    watched = watch(broker)
    damaged = [rf"{SAID} {n} it\u2019s" for n in range(10)]
    poison = [Message(TOPIC, b"poison", b"p"), Message(TOPIC, None, b"p")]
    watched.look(passed(broker, [f"{SAID} {n}" for n in range(30)] + damaged, more=poison))
    told = text(watched)
    assert "towpath_monitoring_data_documents 40.0" in told
    assert 'towpath_monitoring_data_found_ratio{check="encoding"} 0.25' in told
    assert f'towpath_monitoring_data_limit_ratio{{check="encoding"}} {LIMITS.max_mojibake_share}' in told
    assert 'towpath_monitoring_data_language_ratio{language="en"} 1.0' in told


def test_of_a_flood_a_sample_is_looked_at() -> None:
    broker = MemoryBroker()
    watched = watch(broker, budget=50)
    watched.look(passed(broker, [f"{SAID} {n}" for n in range(1000)]))
    assert len(watched.monitor.profile) == 50


def test_it_follows_the_topic_from_its_end_on() -> None:
    broker = MemoryBroker()
    passed(broker, ["from before"])
    watched, stop = watch(broker), threading.Event()
    thread = threading.Thread(target=watched.loop, args=(stop,), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while "towpath_monitoring_data_documents 0.0" in text(watched):
        assert time.monotonic() < deadline
        passed(broker, [SAID])
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert watched.monitor.profile.languages()["en"] == 1
