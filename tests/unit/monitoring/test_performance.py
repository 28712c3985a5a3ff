"""From predictions and feedback to what they are worth: whatever comes first, and as often as it comes."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from support.waiting import until
from towpath.core.errors import MalformedMessageError
from towpath.core.objective import Objective, load_objective
from towpath.core.stream import Codec, Registry, read_history
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.bootstrap import build
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.performance import CAUSE, Performance
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import (
    Alert,
    AlertSeverity,
    ClassDecision,
    ClassLabel,
    ClassProbability,
    Decision,
    Feedback,
    GateOutcome,
    InputStats,
    ModelRelease,
    Prediction,
    Reference,
)

OBJECTIVE: Objective = load_objective("objective.yaml")
CLASSES = OBJECTIVE.classes
# Sure of "neutral" and of "positive", and right as often as it says; of the last one a person is asked.
SURE, CHEERFUL, UNSURE = (0.01, 0.98, 0.01), (0.005, 0.005, 0.99), (0.3, 0.4, 0.3)
DAY = 86_400


def performance(**changes: Any) -> Performance:
    budget = Budget.of(changes.get("rule", OBJECTIVE.contract.monitoring.false_alarms), [CAUSE])
    metrics = MonitoringMetrics(CollectorRegistry())
    margin = changes.get("margin", 0.0)
    return Performance(OBJECTIVE, metrics, changes.get("window", 5000), changes.get("releases", 3), budget, margin)


def text(of: Performance) -> str:
    list(of.findings())
    return generate_latest(of.metrics.registry).decode()


def predicted(n: int, row: tuple[float, ...], *, release: str = "rel-1", at_s: float = 2e6) -> Prediction:
    decided = OBJECTIVE.costs.decide([row])
    ask = bool(decided.ask[0])
    made = Prediction(
        prediction_id=f"prd-{n}-{release}",
        document_id=f"doc-{n}",
        release_id=release,
        input=InputStats(tokens=n % 50),
        class_decision=ClassDecision(
            label=CLASSES[decided.labels[0]],
            decision=Decision.DECISION_ASK_PERSON if ask else Decision.DECISION_CLASS,
            expected_cost=float(decided.expected_cost[0]),
            probabilities=[ClassProbability(label=name, probability=p) for name, p in zip(CLASSES, row, strict=True)],
        ),
    )
    made.created_at.FromNanoseconds(int(at_s * 1e9))
    return made


def bare(n: int, label: str, *, ask: bool = False, release: str = "rel-1") -> Prediction:
    decision = Decision.DECISION_ASK_PERSON if ask else Decision.DECISION_CLASS
    said = ClassDecision(label=label, decision=decision, expected_cost=0.1)
    return Prediction(prediction_id=f"p{n}-{release}", document_id=f"doc-{n}", release_id=release, class_decision=said)


def told(n: int, truth: str) -> Feedback:
    return Feedback(feedback_id=f"fb-{n}-{truth}", document_id=f"doc-{n}", class_label=ClassLabel(label=truth))


def released(
    name: str = "rel-1", *, at_s: float = 1e6, judged: int = 600, previous: float | None = None
) -> ModelRelease:
    made = ModelRelease(release_id=name, model_name=OBJECTIVE.name)
    made.created_at.FromNanoseconds(int(at_s * 1e9))
    if previous is not None:
        made.previous.release_id = "before"
        made.previous.created_at.FromNanoseconds(int((at_s - previous) * 1e9))
    if judged:
        drawn = np.random.default_rng(7)
        rows = [(SURE, CHEERFUL, UNSURE)[n % 3] for n in range(judged)]
        truths = [int(drawn.choice(3, p=row)) for row in rows]
        made.reference.CopyFrom(
            Reference(documents=judged, classes=CLASSES, probabilities=np.ravel(rows).tolist(), truths=truths)
        )
    return made


def fed(of: Performance, first: int, count: int, *, wrong: bool, release: str = "rel-1", at_s: float = 2e6) -> None:
    """As right as it says; or it takes every fifth complaint for praise."""
    drawn = np.random.default_rng(first)
    for n in range(first, first + count):
        row = (SURE, CHEERFUL, UNSURE)[n % 3]
        of.prediction(predicted(n, row, release=release, at_s=at_s + n))
        truth = 0 if wrong and n % 5 == 0 else int(drawn.choice(3, p=row))
        of.feedback(told(n, CLASSES[truth]))


def only(of: Performance) -> Finding:
    (found,) = of.findings()
    return found


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES), st.booleans()), min_size=1, max_size=25
    ),
    order=st.integers(0, 10_000),
)
def test_figures_equal_brute_force_in_any_order(rows: list[tuple[str, str, bool]], order: int) -> None:
    of = performance()
    events: list[Any] = [bare(n, label, ask=ask) for n, (label, _, ask) in enumerate(rows)]
    events += [told(n, truth) for n, (_, truth, _) in enumerate(rows)]
    random.Random(order).shuffle(events)
    for each in events:
        of.prediction(each) if isinstance(each, Prediction) else of.feedback(each)
    matrix, price = OBJECTIVE.costs.matrix, OBJECTIVE.ask_person or 0.0
    costs = [price if ask else matrix[CLASSES.index(truth)][CLASSES.index(label)] for label, truth, ask in rows]
    found = of.summary()["rel-1"]
    assert found["documents"] == len(rows)
    assert found["accuracy"] == pytest.approx(sum(p == t for p, t, _ in rows) / len(rows))
    assert found["realisedCost"] == pytest.approx(sum(costs) / len(costs))
    assert found["predictedCost"] == pytest.approx(0.1)
    low, high = found["realisedCostInterval"]
    assert low - 1e-9 <= found["realisedCost"] <= high + 1e-9


def test_later_feedback_takes_the_place_of_earlier_in_figures_and_not_in_bounds() -> None:
    of = performance()
    of.prediction(bare(1, "negative"))
    of.feedback(told(1, "positive"))
    before = of.summary()["rel-1"]["realisedCostInterval"]
    of.feedback(told(1, "negative"))
    after = of.summary()["rel-1"]
    assert (after["documents"], after["accuracy"], after["realisedCost"]) == (1, 1.0, 0.0)
    assert after["realisedCostInterval"] == before
    assert 'confusion_documents{label="negative",truth="positive"} 0.0' in text(of)
    assert 'confusion_documents{label="negative",truth="negative"} 1.0' in text(of)


def test_a_grade_is_feedback_too_and_an_unknown_class_is_malformed() -> None:
    of = performance()
    of.prediction(bare(1, "negative"))
    of.feedback(Feedback(feedback_id="f", document_id="doc-1", class_label=ClassLabel(score=-3)))
    assert of.summary()["rel-1"]["accuracy"] == 1
    with pytest.raises(MalformedMessageError):
        of.feedback(Feedback(feedback_id="g", document_id="doc-1", class_label=ClassLabel(label="unheard of")))


def test_the_latest_releases_are_remembered_and_the_one_that_reigns() -> None:
    of = performance(releases=3)
    of.release(released("reigns"))
    for n in range(8):
        of.prediction(bare(n, "neutral", release=f"rel-{n}"))
        of.feedback(told(n, "neutral"))
        list(of.findings())
    assert [each.release_id for each in of.shown().releases] == ["reigns", "rel-6", "rel-7"]
    assert 'release="rel-7"' in text(of)
    assert "rel-2" not in text(of)


def test_dearer_documents_are_found_priced_and_over_when_another_release_reigns() -> None:
    of = performance()
    of.release(released())
    fed(of, 0, 600, wrong=False)
    assert not only(of).firing
    fed(of, 600, 900, wrong=True)
    found = only(of)
    assert found.firing
    assert (found.cause, found.severity, found.release_id) == (CAUSE, "page", "rel-1")
    assert found.evidence["lower"] > 0
    assert found.evidence["extra_cost_per_thousand_lower"] <= found.extra_cost_per_thousand
    assert found.extra_cost_per_thousand <= found.evidence["extra_cost_per_thousand_upper"]
    # Since the 600th, which came 600 s after the first.
    assert found.began_at == pytest.approx(2e6 + 600, abs=400)
    assert found.document_ids
    assert all(int(each.removeprefix("doc-")) >= 600 for each in found.document_ids)
    assert "excess_lower_cost" in text(of)
    assert of.shown().releases[0].extra_cost is not None
    # Latched, whatever comes; until another reigns.
    fed(of, 1500, 900, wrong=False)
    assert only(of).firing
    of.release(released("rel-2", at_s=2.1e6, previous=DAY))
    assert not only(of).firing
    of.release(released())
    assert only(of).firing


def test_a_cold_start_before_it_takes_nothing_from_the_first_release_that_was_trained() -> None:
    def fires(outcome: GateOutcome) -> bool:
        of, first = performance(), released(at_s=1e6, previous=60.0)
        first.previous.gate_outcome = outcome
        of.release(first)
        fed(of, 0, 270, wrong=True)
        return only(of).firing

    assert fires(GateOutcome.GATE_OUTCOME_NO_BASELINE)
    assert not fires(GateOutcome.GATE_OUTCOME_PASS), "a trained one of a minute before has had nearly all"


def test_the_order_of_reading_does_not_matter_for_the_alarm() -> None:
    forward, backward = performance(), performance()
    events: list[Any] = []
    drawn = np.random.default_rng(1)
    for n in range(900):
        row = (SURE, CHEERFUL, UNSURE)[n % 3]
        truth = 0 if n % 5 == 0 else int(drawn.choice(3, p=row))
        events += [predicted(n, row, at_s=2e6 + n), told(n, CLASSES[truth])]
    for of, order in ((forward, events), (backward, events[::-1])):
        of.release(released())
        for each in order:
            of.prediction(each) if isinstance(each, Prediction) else of.feedback(each)
    assert only(forward).firing
    assert only(backward).firing
    assert only(forward).extra_cost_per_thousand == pytest.approx(only(backward).extra_cost_per_thousand, rel=0.05)


def test_no_budget_is_no_alarm() -> None:
    of = performance(rule=OBJECTIVE.contract.monitoring.false_alarms.model_copy(update={"budget": 0}))
    of.release(released())
    fed(of, 0, 900, wrong=True)
    assert list(of.findings()) == []


def test_what_is_dearer_by_less_than_the_margin_is_shown_and_not_told() -> None:
    of = performance(margin=3.0)
    of.release(released())
    fed(of, 0, 900, wrong=True)
    assert not only(of).firing
    extra = of.shown().releases[0].extra_cost
    assert extra is not None
    assert 0 < extra.lower < 3
    assert not extra.firing


def test_without_a_reference_documents_are_held_against_their_promise() -> None:
    of = performance()
    of.release(released(judged=0))
    fed(of, 0, 900, wrong=True)
    assert "their predictions promised" in only(of).summary


def test_another_model_s_release_changes_nothing() -> None:
    of = performance()
    of.release(ModelRelease(release_id="other", model_name="other-model"))
    assert list(of.findings()) == []


def test_what_predictions_are_worth_is_told_with_and_without_feedback() -> None:
    of = performance()
    of.release(released())
    fed(of, 0, 300, wrong=False)
    for n in range(300, 900):
        of.prediction(predicted(n, (SURE, CHEERFUL, UNSURE)[n % 3]))
    list(of.findings())
    (shown,) = of.shown().releases
    assert shown.reigns
    assert shown.feedback is not None
    assert shown.feedback.documents == 300
    kinds = {(each.by, each.value) for each in shown.slices}
    assert {("class", "neutral"), ("decision", "ask-person"), ("tokens", "9-16")} <= kinds
    for by in ("class", "decision", "tokens"):
        assert sum(each.documents for each in shown.slices if each.by == by) == 300
    assert shown.cost is not None
    assert (shown.cost.documents, shown.cost.labelled) == (900, 300)
    assert shown.cost.trusted
    assert shown.cost.lower <= shown.cost.mean <= shown.cost.upper
    assert shown.label_shift is not None
    assert sum(shown.label_shift.now.values()) == pytest.approx(1)
    assert "estimated_upper_cost" in text(of)


def test_predictions_without_probabilities_have_no_estimate_and_break_nothing() -> None:
    of = performance()
    of.release(released())
    for n in range(200):
        of.prediction(bare(n, "neutral"))
        of.feedback(told(n, "neutral"))
    list(of.findings())
    (shown,) = of.shown().releases
    assert shown.cost is None
    assert shown.feedback is not None
    of.prediction(bare(999, "no class of the objective"))
    of.prediction(Prediction(prediction_id="p", document_id="d", release_id="rel-1"))
    assert of.summary()["rel-1"]["documents"] == 200


def test_dearer_documents_are_an_alert_once_also_after_a_restart() -> None:
    broker, codec, registry = MemoryBroker(), Codec(), Registry.load("towpath.")
    broker.create_topics(registry.specs())
    sent: list[tuple[str, str, Any]] = [("models", OBJECTIVE.name, released())]
    for n in range(600):
        row = (SURE, CHEERFUL, UNSURE)[n % 3]
        truth = CLASSES[0 if n % 5 == 0 else int(np.argmax(row))]
        sent += [("predictions", f"doc-{n}", predicted(n, row, at_s=2e6 + n)), ("feedback", f"doc-{n}", told(n, truth))]
    with broker.producer(client_id="test") as producer:
        producer.send(
            [codec.encode(each, topic=registry.full_name(to), key=key) for to, key, each in sent], timeout_s=5
        )

    def alerts() -> list[Alert]:
        told = read_history(broker, codec, registry.full_name("alerts"), Alert, client_id="test")
        return [each for each in told if each.cause == CAUSE]

    for _ in range(2):
        service, stop = build(MonitoringSettings(), broker=broker, objective=OBJECTIVE), threading.Event()
        assert service.app is not None
        thread = threading.Thread(target=service.loops[0], args=(stop,), daemon=True)
        thread.start()
        try:
            with TestClient(service.app) as client:
                until(lambda: client.get("/readyz").status_code == 200, 20)
                worth = until(lambda: client.get("/v1/performance").json()["releases"], 20)
            (alert,) = until(alerts, 20)
        finally:
            stop.set()
            thread.join(10)
        assert worth[0]["feedback"]["documents"] == 600
        assert (alert.severity, alert.release_id) == (AlertSeverity.ALERT_SEVERITY_PAGE, "rel-1")
        assert alert.extra_cost_per_thousand > 0


def test_it_is_told_over_http() -> None:
    broker = MemoryBroker()
    broker.create_topics(Registry.load("towpath.").specs())
    service = build(MonitoringSettings(), broker=broker, objective=OBJECTIVE)
    assert service.app is not None
    with TestClient(service.app) as client:
        answer = client.get("/v1/performance")
        assert answer.status_code == 200
        assert answer.json() == {"objective": OBJECTIVE.name, "unit": "EUR", "releases": []}
        assert client.get("/v1/summary").json()["releases"] == {}
