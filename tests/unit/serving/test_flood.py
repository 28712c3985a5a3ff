"""Too many dead letters: the worker stops, says so on `alerts` first, and the topic is not drained into the bin."""

from __future__ import annotations

from collections import Counter

import pytest
from prometheus_client import CollectorRegistry

from support.inline import InlineExecutor
from support.stopping import StopAfter
from towpath.core.stream import Codec, MemoryBroker, Message, Registry
from towpath.serving.adapters.alarms import Alarms
from towpath.serving.domain.budget import DeadLetterBudget, FloodError
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.entrypoints.worker import Worker
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Alert, AlertSeverity, AlertState, DeadLetter

REGISTRY, CODEC = Registry.load("test."), Codec()
JUNK = 500


class NoModel:
    def predict(self, texts: object) -> list[object]:  # type: ignore[empty-body]
        raise AssertionError


@pytest.fixture
def broker() -> MemoryBroker:
    broker = MemoryBroker()
    broker.create_topics(REGISTRY.specs())
    topic = REGISTRY.full_name("documents")
    with broker.producer(client_id="feed") as producer:
        junk = [Message(topic, b"no JSON", b"k", (("who", b"crm"),)) for _ in range(JUNK)]
        producer.send(junk, timeout_s=1)
    return broker


def worker(broker: MemoryBroker) -> Worker:
    metrics, slot = ServingMetrics(CollectorRegistry()), ModelSlot()
    slot.put(Serving(NoModel(), Released("m", "rel-1", "")))  # type: ignore[arg-type]
    return Worker(
        broker=broker,
        slot=slot,
        predict=PredictBatch(CODEC, REGISTRY, metrics, DeadLetterBudget(0.5, 40), 1000),
        metrics=metrics,
        topic=REGISTRY.full_name("documents"),
        group="g",
        transactional_id="t",
        batch_documents=10,
        poll_s=0.0,
        overlap=False,
        alarm=Alarms(broker, CODEC, REGISTRY).flood,
        outlet=InlineExecutor,
    )


def letters(broker: MemoryBroker) -> list[DeadLetter]:
    with broker.consumer([REGISTRY.full_name("dead-letters")], group=None) as reader:
        return [CODEC.decode(each, DeadLetter).message for each in reader.poll(timeout_s=0, max_records=JUNK).records]


def test_a_flood_stops_the_worker_with_an_alarm(broker: MemoryBroker) -> None:
    with pytest.raises(FloodError, match="towpath dead-letters"):
        worker(broker).run(StopAfter(200))
    found = letters(broker)
    assert len(found) == 30, "fewer than the budget; the batch that was too much is not committed"
    with broker.consumer([REGISTRY.full_name("alerts")], group=None) as reader:
        (alert,) = (CODEC.decode(each, Alert).message for each in reader.poll(timeout_s=0).records)
    assert (alert.monitor, alert.objective) == ("dead-letters", "g")
    assert alert.severity == AlertSeverity.ALERT_SEVERITY_PAGE
    assert (alert.cause, alert.state) == ("dead-letters/g", AlertState.ALERT_STATE_FIRING)
    assert "40 of the last 40 documents could not be read" in alert.summary


def test_letters_have_all_that_a_replay_needs(broker: MemoryBroker) -> None:
    with pytest.raises(FloodError):
        worker(broker).run(StopAfter(200))
    places = Counter((each.source_topic, each.source_partition, each.source_offset) for each in letters(broker))
    assert set(places.values()) == {1}
    for each in letters(broker):
        assert (each.value, each.key, each.attempts, each.service) == (b"no JSON", b"k", 1, "serving")
        assert ("who", b"crm") in [(header.key, header.value) for header in each.headers]
        assert (each.source_topic, each.error) == (REGISTRY.full_name("documents"), "MalformedMessageError")
        assert each.reason


def test_a_few_bad_ones_among_many_stop_nothing() -> None:
    budget = DeadLetterBudget(0.5, 40, window=100)
    for _ in range(100):
        budget.count(good=6, bad=4)
    with pytest.raises(FloodError, match="52 of the last 100"):
        budget.count(good=0, bad=19)
