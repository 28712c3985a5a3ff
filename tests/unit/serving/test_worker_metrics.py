"""What workers count is what was committed: aborted work is not, and their lags sum to the group's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from support.inline import InlineExecutor
from support.stopping import StopAfter
from towpath.core.errors import TransactionAbortedError
from towpath.core.service import Backoff
from towpath.core.stream import Batch, Codec, MemoryBroker, Message, Progress, Record, Registry
from towpath.model import Prediction as Answer
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.entrypoints.backlog import Backlog
from towpath.serving.entrypoints.worker import Worker
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document

CREATED_S = 1_000_000


class Model:
    def predict(self, texts: Sequence[str]) -> list[Answer]:
        return [Answer("a", "class", 0.5, {"a": 0.75, "b": 0.25}, False) for _ in texts]


class Faults:
    """Fails the first `aborts` commits."""

    def __init__(self, aborts: int = 0) -> None:
        self.aborts = aborts

    def __call__(self, step: str) -> None:
        if step == "commit.begin" and self.aborts:
            self.aborts -= 1
            raise TransactionAbortedError("told to")


class NoWait(Backoff):
    def wait(self, stop: threading.Event) -> bool:
        return stop.is_set()


class Group:
    """Documents on a broker in memory, and workers on them."""

    def __init__(self, faults: Callable[[str], None] = lambda _: None, *, seconds_later: float = 3.0) -> None:
        self.broker = MemoryBroker(clock=lambda: CREATED_S, fault=faults)
        self.registry, self.codec, self.slot = Registry.load(), Codec(), ModelSlot()
        self.later = CREATED_S + seconds_later
        self.broker.create_topics(self.registry.specs())
        self.slot.put(Serving(Model(), Released("m", "rel-1", "sha256:0")))

    def feed(self, count: int, *, bad: int = 0) -> None:
        topic = self.registry.full_name("documents")
        documents = [Document(document_id=f"doc-{n}", text="text") for n in range(count)]
        for each in documents:
            each.created_at.FromSeconds(CREATED_S)
        messages = [self.codec.encode(each, topic=topic, key=each.document_id) for each in documents]
        with self.broker.producer(client_id="feed") as producer:
            producer.send([*messages, *(Message(topic, b"no JSON", b"k") for _ in range(bad))], timeout_s=1)

    def worker(self, name: str, batch: int = 50) -> Worker:
        metrics, budget = ServingMetrics(CollectorRegistry()), DeadLetterBudget(0.9, 1000)
        now = datetime.fromtimestamp(self.later, UTC)
        predict = PredictBatch(self.codec, self.registry, metrics, budget, 1000, now=lambda: now)
        return Worker(
            broker=self.broker,
            slot=self.slot,
            predict=predict,
            metrics=metrics,
            topic=self.registry.full_name("documents"),
            group="g",
            transactional_id=name,
            batch_documents=batch,
            poll_s=0.0,
            overlap=False,
            outlet=InlineExecutor,
            backoff=NoWait(),
        )


def value(worker: Worker, name: str, **labels: str) -> float | None:
    return worker.metrics.registry.get_sample_value(f"towpath_serving_{name}", labels)


@pytest.mark.parametrize("aborts", [0, 3])
def test_what_was_aborted_is_not_counted(aborts: int) -> None:
    group = Group(Faults(aborts))
    group.feed(200, bad=2)
    worker = group.worker("w")
    worker.run(StopAfter(60))
    assert value(worker, "predictions_total", release="rel-1") == 200
    assert value(worker, "expected_cost_total", release="rel-1") == pytest.approx(100.0)
    assert value(worker, "dead_letters_total", error="MalformedMessageError") == 2
    assert value(worker, "transactions_aborted_total") == aborts
    assert value(worker, "latency_seconds_count", release="rel-1") == 200
    assert value(worker, "latency_seconds_sum", release="rel-1") == pytest.approx(3.0 * 200)


def test_lags_of_workers_sum_to_the_groups() -> None:
    group, lags = Group(), []
    group.feed(120)
    topic = group.registry.full_name("documents")
    with (
        group.broker.consumer([topic], group="g") as first,
        group.broker.consumer([topic], group="g") as second,
    ):
        read = len(first.poll(timeout_s=0, max_records=20).records) + len(
            second.poll(timeout_s=0, max_records=5).records
        )
        for consumer in (first, second):
            metrics = ServingMetrics(CollectorRegistry())
            Backlog(metrics).report(consumer)
            lags.append({s.labels["partition"]: s.value for m in metrics.lag.collect() for s in m.samples})
    assert set(lags[0]).isdisjoint(lags[1])
    assert sum(lags[0].values()) + sum(lags[1].values()) == 120 - read


def record(written_s: float) -> Record:
    return Record("t", 0, 0, None, b"", (), int(written_s * 1000))


def test_the_age_grows_while_a_batch_is_in_hand_and_ends_with_it() -> None:
    now = 1_000.0
    backlog = Backlog(ServingMetrics(CollectorRegistry()), clock=lambda: now)
    batch = Batch([record(990), record(995)], Progress({}))
    assert backlog.age_s() == 0
    backlog.polled(batch)
    assert backlog.age_s() == 10
    now = 1_060.0
    assert backlog.age_s() == 70, "an abort after an abort: nothing moves"
    backlog.committed(1)
    assert backlog.age_s() == 0


def test_the_oldest_of_all_in_hand_counts_until_it_is_committed() -> None:
    backlog = Backlog(ServingMetrics(CollectorRegistry()), clock=lambda: 1_000.0)
    for written in (990, 980, 995):
        backlog.polled(Batch([record(written)], Progress({})))
    assert backlog.age_s() == 20
    backlog.committed(2)
    assert backlog.age_s() == 5


def test_what_was_given_back_grows_older_until_somebody_polls() -> None:
    now = 1_000.0
    backlog = Backlog(ServingMetrics(CollectorRegistry()), clock=lambda: now)
    backlog.polled(Batch([record(990)], Progress({})))
    backlog.rewound()
    now = 1_005.0
    assert backlog.age_s() == 15
    backlog.polled(Batch((), Progress({})))
    assert backlog.age_s() == 0, "its partition is another's now"
