"""What is predicted and told, in figures: repeated messages count once, and memory is bounded."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.errors import MalformedMessageError
from towpath.core.objective import Objective, load_objective
from towpath.monitoring.domain.window import Window
from towpath.monitoring.handlers import Watch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import ClassDecision, ClassLabel, Decision, Feedback, Prediction

OBJECTIVE: Objective = load_objective("objective.yaml")


def watch(**changes: Any) -> Watch:
    made = Watch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), changes.get("window", 1000), 3)
    made.live = True
    return made


def text(of: Watch) -> str:
    of.publish()
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


def test_what_was_seen_is_new_once() -> None:
    of = watch()
    first, again = (of.prediction(predicted(1, "negative")) for _ in range(2))
    assert first is not None
    assert (first.document_id, OBJECTIVE.classes[first.label], again) == ("doc-1", "negative", None)
    assert [of.feedback(told(1, "negative")) for _ in range(2)] == [True, False]
    assert of.summary()["releases"]["rel-1"]["predictions"] == 1
    assert 'feedback_total{truth="negative"} 1.0' in text(of)


def test_shares_are_of_each_release() -> None:
    of = watch()
    for n, label in enumerate(["negative", "neutral", "neutral", "positive"]):
        of.prediction(predicted(n, label, ask=label == "positive"))
    release = of.summary()["releases"]["rel-1"]
    assert release == {
        "predictions": 4, "askedShare": 0.25, "classes": {"negative": 1, "neutral": 2, "positive": 1},
    }  # fmt: skip
    assert 'class_ratio{label="neutral",release="rel-1"} 0.5' in text(of)


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


def test_history_fills_figures_but_not_rates() -> None:
    of = watch()
    of.live = False
    of.prediction(predicted(1, "negative"))
    of.feedback(told(1, "positive"))
    assert 'class_ratio{label="negative",release="rel-1"} 1.0' in text(of)
    assert "feedback_total{" not in text(of)
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
