"""Monitoring: figures do not depend on the order of arrival, and repeated messages count once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.errors import MalformedMessageError
from towpath.core.objective import Objective, load_objective
from towpath.monitoring.domain.window import Window
from towpath.monitoring.handlers import Watch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import ClassDecision, ClassLabel, Decision, Feedback, Prediction

OBJECTIVE: Objective = load_objective("objective.yaml")
CLASSES = OBJECTIVE.classes


def watch(**changes: Any) -> Watch:
    made = Watch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), changes.get("window", 1000), 3)
    made.live = True
    return made


def text(of: Watch) -> str:
    return generate_latest(of.metrics.registry).decode()


def predicted(n: int, label: str, *, release: str = "rel-1", ask: bool = False, latency_s: float = 2.0) -> Prediction:
    decision = Decision.DECISION_ASK_PERSON if ask else Decision.DECISION_CLASS
    made = Prediction(
        prediction_id=f"prd-{n}-{release}",
        document_id=f"doc-{n}",
        release_id=release,
        class_decision=ClassDecision(label=label, decision=decision, expected_cost=0.1),
    )
    made.document_created_at.FromSeconds(1_000_000)
    made.created_at.FromNanoseconds(int((1_000_000 + latency_s) * 1e9))
    return made


def told(n: int, truth: str, source: str = "agent") -> Feedback:
    return Feedback(
        feedback_id=f"fb-{n}-{truth}", document_id=f"doc-{n}", source=source, class_label=ClassLabel(label=truth)
    )


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES), st.booleans()), min_size=1, max_size=25
    ),
    order=st.integers(0, 10_000),
)
def test_figures_equal_brute_force_in_any_order_with_repeats(rows: list[tuple[str, str, bool]], order: int) -> None:
    of = watch()
    events: list[Any] = [predicted(n, label, ask=ask) for n, (label, _, ask) in enumerate(rows)]
    events += [told(n, truth) for n, (_, truth, _) in enumerate(rows)]
    events += random.Random(order).sample(events, len(events) // 2)
    random.Random(order + 1).shuffle(events)
    for each in events:
        of.prediction(each) if isinstance(each, Prediction) else of.feedback(each)
    matrix = OBJECTIVE.contract.costs.matrix
    costs = [OBJECTIVE.ask_person if ask else matrix[truth][label] for label, truth, ask in rows]
    release = of.summary()["releases"]["rel-1"]
    assert release["predictions"] == release["feedback"]["documents"] == len(rows)
    assert release["feedback"]["accuracy"] == pytest.approx(sum(p == t for p, t, _ in rows) / len(rows))
    assert release["feedback"]["realisedCost"] == pytest.approx(sum(costs) / len(costs))
    assert release["askedShare"] == pytest.approx(sum(ask for *_, ask in rows) / len(rows))


def test_later_feedback_takes_the_place_of_earlier() -> None:
    of = watch()
    of.prediction(predicted(1, "negative"))
    of.feedback(told(1, "positive"))
    of.feedback(told(1, "negative"))
    assert of.summary()["releases"]["rel-1"]["feedback"] == {
        "documents": 1, "accuracy": 1.0, "realisedCost": 0.0, "predictedCost": pytest.approx(0.1),
    }  # fmt: skip


def test_each_release_has_its_own_figures_and_their_number_is_bounded() -> None:
    of = watch()
    for n in range(10):
        of.prediction(predicted(n, "neutral", release=f"rel-{n}"))
    assert set(of.summary()["releases"]) == {"rel-0", "rel-1", "rel-2", "other"}
    assert "rel-7" not in text(of)


def test_an_unknown_class_of_a_prediction_is_counted_as_other_and_makes_no_series_of_its_own() -> None:
    of = watch()
    of.prediction(predicted(1, '<script>"\n'))
    of.feedback(told(1, "negative"))
    assert of.summary()["releases"]["rel-1"]["classes"] == {"other": 1}
    assert "script" not in text(of)


@pytest.mark.parametrize(
    "message",
    [
        Prediction(),
        Feedback(),
        Feedback(feedback_id="f", document_id="d", class_label=ClassLabel(label="unheard of")),
        Feedback(feedback_id="f", document_id="d", class_label=ClassLabel(score=float("nan"))),
        Feedback(feedback_id="f", document_id="d", class_label=ClassLabel(score=99)),
    ],
)
def test_what_cannot_be_counted_is_malformed(message: Any) -> None:
    of = watch()
    with pytest.raises(MalformedMessageError):
        of.prediction(message) if isinstance(message, Prediction) else of.feedback(message)


def test_a_grade_is_feedback_too() -> None:
    of = watch()
    of.prediction(predicted(1, "negative"))
    of.feedback(Feedback(feedback_id="f", document_id="doc-1", class_label=ClassLabel(score=-3)))
    assert of.summary()["releases"]["rel-1"]["feedback"]["accuracy"] == 1


def test_history_fills_figures_but_not_rates() -> None:
    of = watch()
    of.live = False
    of.prediction(predicted(1, "negative"))
    of.feedback(told(1, "positive"))
    assert 'accuracy_ratio{release="rel-1"} 0.0' in text(of)
    assert "predictions_total{" not in text(of)
    of.live = True
    of.prediction(predicted(2, "negative", latency_s=2.0))
    assert 'predictions_total{decision="class",label="negative",release="rel-1"} 1.0' in text(of)
    assert 'latency_seconds_sum{release="rel-1"} 2.0' in text(of)


def test_memory_is_bounded() -> None:
    of = watch(window=50)
    for n in range(500):
        of.prediction(predicted(n, "neutral"))
        of.feedback(told(n + 1000, "neutral"))
    window: Window[int, int] = Window(3)
    for n in range(10):
        window.put(n, n)
    assert (len(window), window.get(9), window.get(0)) == (3, 9, None)
