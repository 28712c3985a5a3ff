"""Fault 10: the worker's loop on the in-memory broker, with faults drawn from a seed.

Each seed decides when polls and commits fail, before or after they took effect, when the worker is killed and started
again, when a second one joins, when the model is swapped. Whatever happens, each document is predicted exactly once.
"""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from support.inline import InlineExecutor
from support.stopping import StopAfter
from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.service import Backoff
from towpath.core.stream import Codec, MemoryBroker, Message, Record, Registry
from towpath.model import Prediction as Answer
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.routing import answers_by_challenger
from towpath.serving.domain.slot import Challenger, ModelSlot, Serving
from towpath.serving.entrypoints.worker import Worker
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import DeadLetter, Document, Prediction

DOCUMENTS, SEEDS = 60, 1000


class Killed(BaseException):
    """SIGKILL: nothing between here and the top may catch it."""


class NoWait(Backoff):
    """Waits are not simulated."""

    def wait(self, stop: threading.Event) -> bool:
        return stop.is_set()


class LengthModel:
    """Predicts from the length of a text; refuses some texts, as a graph that gives NaN does."""

    def __init__(self, *refused: str) -> None:
        self.refused = {"poison", *refused}

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        if self.refused & set(texts):
            raise ValueError("no finite probability")
        return [Answer("a", "class", 0.0, {"a": len(text) / 1000, "b": 0.0}, False) for text in texts]


@dataclass
class Chance:
    """Fails steps as the seed says; notes each, so that two runs can be compared."""

    seed: int
    trace: list[str] = field(default_factory=list)
    calm: bool = False

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def step(self, name: str) -> None:
        drawn = self.random.random()
        if self.calm or drawn > 0.15:
            self.trace.append(name)
            return
        kinds: dict[str, list[type[BaseException]]] = {
            "poll": [RetryableError, Killed],
            "commit.begin": [TransactionAbortedError, Killed],
            "commit.done": [TransactionAbortedError, Killed],  # it took effect, but nobody was told
            "send": [RetryableError],
        }
        kind = self.random.choice(kinds[name])
        self.trace.append(f"{name}!{kind.__name__}")
        raise kind(f"simulated at {name}")


class Simulation:
    """A broker, a slot, and a worker at a time; `run` gives what readers see."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed, calm=True)
        self.broker = MemoryBroker(clock=lambda: 0.0, fault=lambda name: self.chance.step(name))
        self.registry, self.codec = Registry.load("sim."), Codec()
        self.broker.create_topics(self.registry.specs())
        self.slot = ModelSlot()
        texts = ["poison" if n in (7, 31) else f"text {n}" for n in range(DOCUMENTS)]
        self.documents = [Document(document_id=f"doc-{n}", text=text) for n, text in enumerate(texts)]
        self.swap(0)

    def swap(self, number: int) -> None:
        """Another release, and as the seed says a challenger beside it, which cannot take all that the other can."""
        mode = self.chance.random.choice(["shadow", "canary", None])
        challenger = None
        if mode is not None:
            released = Released("m", f"new-{number}", "sha256:0")
            challenger = Challenger(LengthModel("text 5"), released, f"rol-{number}", mode, 0.4)
        self.slot.put(Serving(LengthModel(), Released("m", f"rel-{number}", "sha256:0"), challenger))

    def feed(self) -> None:
        topic = self.registry.full_name("documents")
        messages = [self.codec.encode(each, topic=topic, key=each.document_id) for each in self.documents]
        with self.broker.producer(client_id="feed") as producer:
            producer.send([*messages, Message(topic, b"not JSON", b"k1")], timeout_s=1)

    def worker(self, instance: str) -> Worker:
        metrics = ServingMetrics(CollectorRegistry())
        budget = DeadLetterBudget(0.9, 1000)
        predict = PredictBatch(self.codec, self.registry, metrics, budget, 1000)
        return Worker(
            broker=self.broker,
            slot=self.slot,
            predict=predict,
            metrics=metrics,
            topic=self.registry.full_name("documents"),
            group="g",
            transactional_id=f"t-{instance}",
            batch_documents=7,
            poll_s=0.0,
            overlap=False,
            outlet=InlineExecutor,
            backoff=NoWait(),
        )

    def run(self) -> list[tuple[str, str, str]]:
        self.feed()
        self.chance.calm = False
        for life in range(12):
            self._live(str(life % 2), turns=self.chance.random.randint(1, 12))
            self.swap(life // 4)
        self.chance.calm = True
        self._live("last", turns=200)
        return self._seen()

    def _live(self, instance: str, turns: int) -> None:
        """A process: from start until it is killed, or has done so many steps."""
        stop = StopAfter(turns)
        try:
            self.worker(instance).run(stop)
        except Killed:
            return

    def predictions(self) -> list[Prediction]:
        return [self.codec.decode(record, Prediction).message for record in self._records("predictions")]

    def _seen(self) -> list[tuple[str, str, str]]:
        """(document, release, "") of each prediction, ("dead", source, error) of each dead letter."""
        letters = [self.codec.decode(record, DeadLetter).message for record in self._records("dead-letters")]
        rows = [(each.document_id, each.release_id, "") for each in self.predictions()]
        return rows + [("dead", each.dead_letter_id, each.error) for each in letters]

    def _records(self, name: str) -> Sequence[Record]:
        with self.broker.consumer([self.registry.full_name(name)], group=None) as reader:
            return reader.poll(timeout_s=0, max_records=10_000).records


@pytest.mark.parametrize("block", range(10))
def test_every_document_is_predicted_exactly_once_whatever_happens(block: int) -> None:
    for seed in range(block * SEEDS // 10, (block + 1) * SEEDS // 10):
        simulation = Simulation(seed)
        rows = simulation.run()
        counts = Counter(name for name, _, _ in rows)
        letters = Counter(release for name, release, _ in rows if name == "dead")
        wanted = {f"doc-{n}" for n in range(DOCUMENTS) if n not in (7, 31)}
        assert {name for name in counts if name != "dead"} == wanted, f"seed {seed}"
        assert all(counts[name] == 1 for name in wanted), f"seed {seed}"
        assert len(letters) == 3, f"seed {seed}"
        assert set(letters.values()) == {1}, f"seed {seed}"
        assert all(it_was_its_turn(each) for each in simulation.predictions()), f"seed {seed}"


def it_was_its_turn(prediction: Prediction) -> bool:
    """The challenger answered its share and nothing else, whichever worker it was, however often it was tried."""
    arm, _, number = prediction.release_id.partition("-")
    rollout, document = prediction.rollout_id, prediction.document_id
    if not rollout:
        return arm == "rel"
    if prediction.HasField("shadow"):
        return arm == "rel" and prediction.shadow.release_id == f"new-{number}" and rollout == f"rol-{number}"
    turn = answers_by_challenger(document, rollout, 0.4)
    # Text 5 it cannot take; in shadow, its answer to that is missing, too.
    return (arm == "new") == turn if document != "doc-5" else arm == "rel"


def test_order_is_kept_within_a_key() -> None:
    """The same five documents again and again, each time a character longer."""
    for seed in range(100):
        simulation = Simulation(seed)
        simulation.documents = [Document(document_id=f"doc-{n % 5}", text="x" * (n + 1)) for n in range(DOCUMENTS)]
        simulation.run()
        by_key = defaultdict(list)
        for message in simulation.predictions():
            by_key[message.document_id].append(message.class_decision.probabilities[0].probability)
        assert all(len(found) == DOCUMENTS // 5 and found == sorted(found) for found in by_key.values()), f"seed {seed}"


@pytest.mark.parametrize("seed", [0, 17, 512])
def test_a_seed_replays_identically(seed: int) -> None:
    first, second = Simulation(seed), Simulation(seed)
    assert first.run() == second.run()
    assert first.chance.trace == second.chance.trace
    assert any("!" in step for step in first.chance.trace), "the faults were drawn"
