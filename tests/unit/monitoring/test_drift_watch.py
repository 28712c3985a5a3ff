"""The use case: what releases and predictions lead to, in whatever order they are read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from support.waiting import until
from towpath.core.objective import Objective, load_objective
from towpath.core.objective.parts import FalseAlarms
from towpath.core.service import Health, new_app
from towpath.core.stream import Codec, Registry, read_history
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.bootstrap import build
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.chance import chances, chances_of
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.drift import CAUSES, DriftWatch
from towpath.monitoring.entrypoints import drift_http
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import (
    Alert,
    AlertState,
    ClassDecision,
    ClassProbability,
    Decision,
    InputStats,
    ModelRelease,
    Prediction,
    Reference,
)

OBJECTIVE: Objective = load_objective("objective.yaml")
START = 1_700_000_000.0


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def drift(clock: Clock | None = None, *, budget: int = 1) -> DriftWatch:
    of = Budget.of(FalseAlarms(budget=budget, period="90d"), CAUSES)
    return DriftWatch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), of, clock or Clock())


def said(random: np.random.Generator, many: int, certainty: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    odds = np.exp(certainty * random.normal(size=(many, 3)))
    shares: np.ndarray[Any, np.dtype[np.float64]] = odds / odds.sum(axis=1, keepdims=True)
    return shares


def release(release_id: str = "rel-1", *, seed: int = 0, many: int = 300, **changes: Any) -> ModelRelease:
    random = np.random.default_rng(seed)
    tokens = random.poisson(18, many) + 1
    made = Reference(
        documents=many,
        sketches=random.integers(-60, 60, (many, 16)).astype(np.int8).tobytes(),
        tokens=tokens.tolist(),
        unknown_tokens=[0] * many,
        classes=OBJECTIVE.classes,
        probabilities=said(random, many, 4.0).astype(np.float32).ravel().tolist(),
    )
    for name, value in changes.items():
        made.ClearField(name)
        made.MergeFrom(Reference(**{name: value}))
    return ModelRelease(release_id=release_id, model_name=OBJECTIVE.name, reference=made)


def predictions(
    many: int, *, first: int = 0, seed: int = 1, tokens: float = 18, certainty: float = 4.0, **fields: Any
) -> list[Prediction]:
    """A document a second."""
    random = np.random.default_rng([seed, first])
    read, probabilities = random.poisson(tokens, many) + 1, said(random, many, certainty)
    decided, made = OBJECTIVE.costs.decide(probabilities), []
    for row in range(many):
        ask = bool(decided.ask[row])
        each = Prediction(
            prediction_id=f"prd-{first + row}", document_id=f"doc-{first + row}",
            model_name=OBJECTIVE.name, release_id="rel-1",
            input=InputStats(
                sketch=random.integers(-60, 60, 16).astype(np.int8).tobytes(), tokens=int(read[row]),
            ),
            class_decision=ClassDecision(
                label=OBJECTIVE.classes[int(decided.labels[row])], expected_cost=float(decided.expected_cost[row]),
                decision=Decision.DECISION_ASK_PERSON if ask else Decision.DECISION_CLASS,
                probabilities=[
                    ClassProbability(label=name, probability=float(probabilities[row, column]))
                    for column, name in enumerate(OBJECTIVE.classes)
                ],
            ),
        )  # fmt: skip
        each.created_at.FromNanoseconds(int((START + first + row) * 1e9))
        each.MergeFrom(Prediction(**fields))
        made.append(each)
    return made


def read(one: DriftWatch, messages: Iterable[Prediction], clock: Clock) -> dict[str, Finding]:
    """As history, and then what is found."""
    clock.now = START + 100_000
    for each in messages:
        one.prediction(each)
    return read_more(one)


def read_more(one: DriftWatch) -> dict[str, Finding]:
    return {each.cause: each for each in one.findings()}


def firing(found: dict[str, Finding]) -> set[str]:
    return {cause for cause, each in found.items() if each.firing}


@given(st.lists(st.text(max_size=20), max_size=20), st.integers(1, 8))
def test_chances_of_many_are_those_of_each(names: list[str], count: int) -> None:
    assert chances_of(names, count).tolist() == [list(chances(each, count)) for each in names]


def test_longer_documents_are_an_alarm_with_all_that_it_takes_to_act() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    found = read(one, [*predictions(1000), *predictions(600, first=1000, tokens=31)], clock)
    assert firing(found) == {"drift/length"}
    alarm = found["drift/length"]
    assert alarm.release_id == "rel-1"
    assert alarm.monitor == "drift"
    assert alarm.evidence["before"] == pytest.approx(19, abs=1)
    assert alarm.evidence["after"] == pytest.approx(32, abs=4)
    assert alarm.evidence["false_alarm_every_days"] == pytest.approx(90 * len(CAUSES))
    assert alarm.began_at == pytest.approx(START + 1000, abs=30)
    assert {int(each[4:]) >= 980 for each in alarm.document_ids} == {True}
    assert "length has changed: tokens 1" in alarm.summary
    assert "EUR" in alarm.summary
    # Its price is what it was: nobody is woken.
    assert alarm.severity == "info"
    assert alarm.evidence["extra_cost_lower_per_thousand"] <= 0


def test_a_change_that_costs_is_paged_with_its_price() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    found = read(one, [*predictions(500), *predictions(2000, first=500, certainty=0.5)], clock)
    assert {"drift/confidence", "drift/probabilities", "drift/asked"} <= firing(found)
    assert "drift/length" not in firing(found)
    alarm = found["drift/confidence"]
    assert alarm.severity == "page"
    assert 0 < alarm.evidence["extra_cost_lower_per_thousand"] < alarm.extra_cost_per_thousand
    before, after = (OBJECTIVE.costs.decide(said(np.random.default_rng(9), 5000, each)) for each in (4.0, 0.5))
    true = 1000 * float(after.expected_cost.mean() - before.expected_cost.mean())
    assert alarm.extra_cost_per_thousand == pytest.approx(true, rel=0.2)
    assert alarm.evidence["extra_cost_lower_per_thousand"] <= true


@pytest.mark.parametrize(
    "broken",
    [
        {"tokens": [1, 2]}, {"unknown_tokens": [1]}, {"sketches": b"abc"}, {"probabilities": [0.5]}, {"documents": 0},
        {"classes": ["a", "b"]},
    ],
)  # fmt: skip
def test_a_reference_that_is_none_is_passed_over(broken: dict[str, Any]) -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release(**broken))
    assert firing(read(one, predictions(600, tokens=60), clock)) == set()
    assert one.shown() == []


def test_what_is_not_known_is_not_watched() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(ModelRelease(release_id="rel-1", model_name=OBJECTIVE.name))
    assert firing(read(one, predictions(300, tokens=60), clock)) == set()
    assert one.shown() == []
    assert len(list(one.findings())) == len(CAUSES)

    half = drift(clock)
    half.release(release(sketches=b"", probabilities=[]))
    found = read(half, predictions(600, tokens=60), clock)
    assert {each.name for each in half.shown()} == {"length", "unknown-words"}
    assert found["drift/length"].severity == "warning", "nobody can say what it costs"
    assert "what it costs is not known" in found["drift/length"].summary

    blind = drift(clock)
    blind.release(release())
    messages = predictions(300, tokens=60)
    for each in messages:
        each.ClearField("input")
    read(blind, messages, clock)
    counted = {each.name: each.documents for each in blind.shown()}
    assert counted == {
        "embedding": 0, "length": 0, "unknown-words": 0, "probabilities": 300, "confidence": 300, "asked": 300,
    }  # fmt: skip


def test_strange_messages_are_skipped_and_nothing_breaks() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    odd = predictions(5)
    odd[0].input.sketch = b"ab"
    odd[1].class_decision.probabilities[0].probability = float("nan")
    del odd[2].class_decision.probabilities[1:]
    odd[3].class_decision.expected_cost = float("inf")
    odd[4].ClearField("created_at")
    odd.append(Prediction(prediction_id="p", document_id="d", release_id="rel-1"))
    assert firing(read(one, odd, clock)) == set()
    clock.now += 10  # what does not say when it was made was made as it was read
    assert firing(read_more(one)) == set()
    counted = {each.name: each.documents for each in one.shown()}
    assert counted == {
        "embedding": 4, "length": 5, "unknown-words": 5, "probabilities": 3, "confidence": 3, "asked": 6,
    }  # fmt: skip


def test_a_new_release_begins_anew_and_going_back_goes_on() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    assert firing(read(one, predictions(600, tokens=31), clock)) == {"drift/length"}
    one.release(release("rel-2", seed=5))
    assert firing(read(one, predictions(50, first=600, release_id="rel-2"), clock)) == set()
    assert {each.documents for each in one.shown()} == {50}
    one.release(release())
    assert firing(read(one, [], clock)) == {"drift/length"}
    other = release("rel-3")
    other.model_name = "another"
    one.release(other)
    assert {each.documents for each in one.shown()} == {600}


def test_during_a_rollout_only_the_champions_answers_are_watched() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    champion = predictions(200)
    canary = predictions(100, first=200, tokens=60, rollout_id="rol-1", release_id="rel-2")
    kept = predictions(100, first=300, rollout_id="rol-1")
    assert firing(read(one, [*champion, *canary, *kept], clock)) == set()
    assert {each.documents for each in one.shown()} == {300}
    # Read again when the challenger reigns: what it answered in its trial is no part of its reign.
    again = drift(clock)
    for each in (release(), release("rel-2", seed=5)):
        again.release(each)
    reign = predictions(80, first=400, release_id="rel-2")
    assert firing(read(again, [*champion, *canary, *kept, *reign], clock)) == set()
    assert {each.documents for each in again.shown()} == {80}


def state(one: DriftWatch) -> list[dict[str, Any]]:
    return [each.model_dump() for each in one.shown()]


def close(ones: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> bool:
    """Sums of floats may differ in their last digits with where they were cut."""

    def plain(each: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in each.items() if isinstance(value, float) and key != "alarm"}

    def rest(each: dict[str, Any]) -> dict[str, Any]:
        told = each["alarm"] or {}
        return {**{key: value for key, value in each.items() if not isinstance(value, float)}, "alarm": {
            key: told.get(key) for key in ("score", "fired_at", "began_at", "since", "document_ids")
        }}  # fmt: skip

    return all(
        rest(one) == rest(other) and plain(one) == pytest.approx(plain(other), rel=1e-6)
        for one, other in zip(ones, others, strict=True)
    )


@settings(deadline=None, max_examples=5)
@given(partitions=st.integers(1, 6), poll_s=st.floats(0.3, 4), seed=st.integers(0, 3))
def test_history_read_again_partition_by_partition_leads_to_the_same_alarms(
    partitions: int, poll_s: float, seed: int
) -> None:
    """Live, polls bring bursts from some partitions before others; then each is read from its start to its end."""
    messages = [*predictions(300, seed=seed), *predictions(400, first=300, seed=seed, tokens=29)]
    lag = np.random.default_rng(seed).uniform(0, 0.06, partitions)
    clock, random = Clock(), np.random.default_rng(seed)
    live = drift(clock)
    live.release(release())
    arrival = [
        each.created_at.ToNanoseconds() / 1e9 + 10 * lag[int(each.document_id[4:]) % partitions] for each in messages
    ]
    order = sorted(range(len(messages)), key=lambda row: (arrival[row] // poll_s, random.random()))
    for row in order:
        clock.now = max(clock.now, arrival[row])
        live.prediction(messages[row])
        list(live.findings())
    clock.now += 100
    found = {each.cause: each for each in live.findings()}

    again = drift(clock)
    again.release(release())
    read(again, sorted(messages, key=lambda each: int(each.document_id[4:]) % partitions), clock)
    assert close(state(live), state(again))
    assert firing(found) == {"drift/length"}


def resolved(cause: str, at: float, actor: str = "ada", release_id: str = "rel-1") -> Alert:
    made = Alert(objective=OBJECTIVE.name, cause=cause, state=AlertState.ALERT_STATE_RESOLVED, actor=actor)
    made.release_id = release_id
    made.created_at.FromNanoseconds(int(at * 1e9))
    return made


def test_only_what_a_person_resolved_of_this_release_is_over() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    read(one, predictions(700, tokens=31), clock)
    one.heed(resolved("drift/length", START + 700, actor="monitoring"))
    one.heed(resolved("drift/asked", START + 700))
    one.heed(resolved("drift/length", START + 700, release_id="rel-0"))
    one.heed(resolved("drift/length", START - 100))
    assert firing(read(one, [], clock)) == {"drift/length"}


def test_what_was_resolved_stays_so_when_history_is_read_again() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    longer = predictions(700, tokens=31)
    assert firing(read(one, longer, clock)) == {"drift/length"}
    one.heed(resolved("drift/length", START + 700))
    assert firing(read(one, [], clock)) == set()
    more = predictions(1500, first=701, tokens=31)
    assert firing(read(one, more, clock)) == set()

    again = drift(clock)
    again.release(release())
    again.heed(resolved("drift/length", START + 700))
    assert firing(read(again, [*more, *longer], clock)) == set()
    assert close(state(one), state(again))


def test_a_long_history_is_worked_off_in_pieces() -> None:
    clock = Clock()
    clock.now = START + 1e6
    one = drift(clock)
    one.release(release())
    some = predictions(500)
    for number in range(51_000):
        each = some[number % 500]
        each.created_at.FromSeconds(int(START) + number)
        one.prediction(each)
    assert {each.documents for each in one.shown()} == {25_001}


def test_over_http_and_as_metrics_the_same_is_told() -> None:
    clock = Clock()
    one = drift(clock)
    one.release(release())
    read(one, predictions(600, tokens=31), clock)
    app = new_app("Towpath monitoring", Health(), CollectorRegistry(), description="")
    app.include_router(drift_http.router(one))
    told = TestClient(app).get("/v1/drift").json()
    assert told["releaseId"] == "rel-1"
    by_name = {each["name"]: each for each in told["watched"]}
    assert list(by_name) == [cause.removeprefix("drift/") for cause in CAUSES]
    assert by_name["length"]["alarm"]["explanation"].startswith("length has changed: tokens 1")
    assert by_name["asked"]["alarm"] is None
    assert 0 <= by_name["asked"]["capital"] < 1
    text = generate_latest(one.metrics.registry).decode()
    assert 'towpath_monitoring_drift_firing{of="length"} 1.0' in text
    assert 'towpath_monitoring_drift_firing{of="asked"} 0.0' in text
    assert 'towpath_monitoring_drift_documents{of="length"} 600.0' in text


def test_a_budget_of_nothing_is_silent_and_says_so() -> None:
    clock = Clock()
    one = drift(clock, budget=0)
    one.release(release())
    assert firing(read(one, predictions(600, tokens=60), clock)) == set()
    assert {each.false_alarm_every_days for each in one.shown()} == {None}


def test_the_service_tells_an_alert_and_heeds_who_resolves_it() -> None:
    broker, codec, registry = MemoryBroker(), Codec(), Registry.load("towpath.")
    broker.create_topics(registry.specs())

    def send(topic: str, key: str, messages: Sequence[Any]) -> None:
        with broker.producer(client_id="test") as producer:
            made = [codec.encode(each, topic=registry.full_name(topic), key=key) for each in messages]
            producer.send(made, timeout_s=5)

    def alerts() -> list[Alert]:
        return list(read_history(broker, codec, registry.full_name("alerts"), Alert, client_id="test"))

    send("models", OBJECTIVE.name, [release()])
    send("predictions", "doc", predictions(400, tokens=31))
    service = build(MonitoringSettings(), broker=broker, objective=OBJECTIVE)
    stop = threading.Event()
    thread = threading.Thread(target=service.loops[0], args=(stop,), daemon=True)
    thread.start()
    try:
        told = until(alerts, 20)[0]
        assert (told.cause, told.monitor, told.release_id) == ("drift/length", "drift", "rel-1")
        assert told.began_at.seconds == pytest.approx(START, abs=60)
        assert len(told.document_ids) == 10
        over = Alert()
        over.CopyFrom(told)
        over.state, over.actor = AlertState.ALERT_STATE_RESOLVED, "ada"
        over.created_at.FromNanoseconds(told.created_at.ToNanoseconds() + 1)
        send("alerts", OBJECTIVE.name, [over])
        assert service.app is not None
        client = TestClient(service.app)

        def lasting() -> list[str]:
            watched = client.get("/v1/drift").json()["watched"]
            return [each["name"] for each in watched if each["alarm"]]

        until(lambda: lasting() == [], 20)
    finally:
        stop.set()
        thread.join(10)
    assert [each.state for each in alerts()] == [AlertState.ALERT_STATE_FIRING, AlertState.ALERT_STATE_RESOLVED]


def test_sketches_on_other_anchors_than_the_references_are_not_compared() -> None:
    """As of a worker that is too old to read the bundle's anchors: lengths tell nothing of that, and nothing alarms."""
    clock = Clock()
    one = drift(clock)
    one.release(release(sketch_basis=7))
    read(one, predictions(100), clock)
    assert {each.name: each.documents for each in one.shown()}["embedding"] == 0
    anchored = predictions(100, first=100)
    for each in anchored:
        each.input.sketch_basis = 7
    read(one, anchored, clock)
    assert {each.name: each.documents for each in one.shown()}["embedding"] == 100
