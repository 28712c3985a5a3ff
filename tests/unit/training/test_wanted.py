"""Which documents training asks labels for, by predictions alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.core.objective import load_objective
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.pipelines.steps.split import part_of
from towpath.training.adapters.unlabelled import Unlabelled
from towpath.training.domain.retraining.wanted import MOST, Candidate, wanted
from towpath.v1 import ClassDecision, ClassProbability, Document, InputStats, Prediction

OBJECTIVE = load_objective(Path(__file__).parents[3] / "objective.yaml")
SURE, UNSURE = (0.98, 0.01, 0.01), (0.34, 0.33, 0.33)


def candidate(n: int, *, sure: bool = False, tests: bool = False, words: bytes = b"") -> Candidate:
    sketch = np.random.default_rng(n).normal(size=16)
    return Candidate(f"d{n}", words or str(n).encode(), tests, np.array(SURE if sure else UNSURE), sketch)


def test_the_costly_ones_and_some_by_chance_are_wanted_and_no_copies() -> None:
    many = [candidate(n, sure=n >= 300, tests=n % 3 == 0) for n in range(400)]
    copies = [candidate(400 + n, words=b"1") for n in range(50)]
    found = wanted([*many, *copies], (), OBJECTIVE, count=20)
    numbers = [int(each[1:]) for each in found]
    assert len(set(numbers)) == 20
    assert sum(n % 3 == 0 for n in numbers) == 4, "evaluationShare 0.2, all of what is tested on"
    assert all(n < 300 for n in numbers if n % 3), "the others would cost most"
    assert sum(n % 3 == 0 for n in numbers[:10]) == 2, "spread: half of it is half of each"


def test_documents_of_the_alert_come_first_but_not_those_that_the_gate_judges_by() -> None:
    many = [candidate(n, sure=True, tests=n < 2) for n in range(100)]
    shown = ["d0", "d9", "d7", "d1", "d8", "d6", "unknown"]
    found = wanted(many, shown, OBJECTIVE, count=6)
    assert found[:3] == ["d9", "d7", "d8"], "in their order, at most half"
    assert len(set(found)) == 6
    assert wanted(many[:2], shown, OBJECTIVE, count=1) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 80), st.integers(1, 500), st.lists(st.integers(0, 90), max_size=9), st.integers(0, 4))
def test_never_more_than_asked_for_and_never_twice(many: int, count: int, shown: list[int], kinds: int) -> None:
    given_ = [
        candidate(n, sure=n % 2 == 0, tests=n % 3 == 0, words=bytes([n % kinds]) if kinds else b"") for n in range(many)
    ]
    found = wanted(given_, [f"d{n}" for n in shown], OBJECTIVE, count=count)
    assert len(found) == len(set(found)) <= min(count, MOST)
    assert set(found) <= {each.document_id for each in given_}
    if not kinds and many:
        assert len(found) >= 1 or all(each.tests for each in given_)


def test_candidates_are_the_newest_that_nobody_labelled_and_no_copies_of_what_is() -> None:
    registry, broker, codec = Registry.load(), MemoryBroker(), Codec()
    broker.create_topics(registry.specs())
    texts = {f"d{n}": f"something new, number {n}" for n in range(60)} | {"d3": "Labelled ALREADY!", "old": "very old"}
    messages = [Document(document_id=name, text=text) for name, text in [*texts.items(), ("known", "labelled already")]]
    for n, name in enumerate(["old", *(f"d{n}" for n in range(60)), "known", "no-text"]):
        decision = ClassDecision(label="neutral")
        for label, probability in zip(OBJECTIVE.classes, UNSURE, strict=True):
            decision.probabilities.append(ClassProbability(label=label, probability=probability))
        made = Prediction(document_id=name, class_decision=decision, input=InputStats(sketch=bytes(range(16))))
        made.created_at.FromSeconds(n)
        messages.append(made)  # type: ignore[arg-type]
    messages.append(Prediction(document_id="d5", class_decision=ClassDecision(label="x")))  # type: ignore[arg-type]
    with broker.producer(client_id="test") as producer:
        for each in messages:
            topic = registry.full_name("documents" if isinstance(each, Document) else "predictions")
            producer.send([codec.encode(each, topic=topic, key=each.document_id)], timeout_s=5)
    found = Unlabelled(broker, codec, registry, newest=10).read({"known"}, ["old", "d3"], OBJECTIVE)
    assert [each.document_id for each in found] == [f"d{n}" for n in range(59, 50, -1)] + ["old"]
    assert [each.tests for each in found] == [part_of(texts[each.document_id]) == "test" for each in found]
    assert found[0].sketch.tolist() == list(range(16))
    assert found[0].probabilities.tolist() == list(UNSURE)


def test_sketches_of_another_basis_than_the_newest_tell_nothing() -> None:
    broker, codec, registry = MemoryBroker(), Codec(), Registry.load()
    broker.create_topics(registry.specs())
    chances = [ClassProbability(label=name, probability=1 / 3) for name in OBJECTIVE.classes]
    with broker.producer(client_id="test") as producer:
        for n, (basis, width) in enumerate([(0, 16), (7, 12), (8, 12), (8, 12)]):
            read = InputStats(sketch=bytes([n + 1] * width), sketch_basis=basis)
            said = Prediction(document_id=f"d{n}", class_decision=ClassDecision(probabilities=chances), input=read)
            said.created_at.FromSeconds(1000 + n)
            document = Document(document_id=f"d{n}", text=f"text {n}")
            for topic, message in (("predictions", said), ("documents", document)):
                producer.send([codec.encode(message, topic=registry.full_name(topic), key=f"d{n}")], timeout_s=5)
    found = Unlabelled(broker, codec, registry).read((), (), OBJECTIVE)
    assert {each.document_id: each.sketch.tolist() for each in found} == {
        "d0": [0] * 12, "d1": [0] * 12, "d2": [3] * 12, "d3": [4] * 12,
    }  # fmt: skip
