"""What monitoring says of a rollout is what training acts on: once, and of the mode that it was said of."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from towpath.core.objective import load_objective
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.rollouts import RolloutWatch
from towpath.training.domain.rollouts import Decision, State, begin
from towpath.training.domain.verdicts import heard
from towpath.v1 import (
    Alert,
    ClassDecision,
    ClassLabel,
    Feedback,
    ModelRelease,
    Prediction,
    Rollout,
    RolloutMode,
    RolloutOutcome,
    Shadow,
)

OBJECTIVE = load_objective("objective.yaml")
RULE = OBJECTIVE.contract.delivery.rollout
OLD, NEW = (ModelRelease(release_id=name, model_name=OBJECTIVE.name) for name in ("old", "new"))
# To the nanosecond, as a clock may tell it.
BEGUN, LATER = datetime(2026, 11, 25, 9, 0, 0, 123457, UTC), datetime(2026, 11, 25, 10, tzinfo=UTC)
CANARY, ENDED = RolloutMode.ROLLOUT_MODE_CANARY, RolloutMode.ROLLOUT_MODE_ENDED


def state(running: Rollout | None = None) -> State:
    return State(OLD, running, {each.release_id: each for each in (OLD, NEW)})


def shadowing() -> Rollout:
    change = begin(state(), NEW, "shadow", 0.5, Decision(BEGUN, "training", "it passed its gate"), rollout_id="rol")
    return change.rollouts[-1]


def judged(rollout: Rollout, truth: str, first: int) -> Alert:
    """By monitoring, which is told of the rollout, and of documents that the challenger calls positive."""
    watch = RolloutWatch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), 10_000)
    watch.rollout(rollout)
    for n in range(first, first + 600):
        made = Prediction(document_id=f"d{n}", rollout_id=rollout.rollout_id, release_id="old")
        made.class_decision.CopyFrom(ClassDecision(label="negative"))
        made.created_at.FromDatetime(LATER)
        if rollout.mode != CANARY:
            made.shadow.CopyFrom(Shadow(release_id="new", class_decision=ClassDecision(label="positive")))
        elif n % 2:
            made.release_id, made.class_decision.label = "new", "positive"
        watch.prediction(made)
        watch.feedback(Feedback(feedback_id=f"f{n}", document_id=f"d{n}", class_label=ClassLabel(label=truth)))
    alert = watch.look()
    assert alert is not None
    return alert


def test_a_promising_shadow_goes_on_as_canary_and_a_promising_canary_reigns() -> None:
    shadow = shadowing()
    said = judged(shadow, "positive", 0)
    change = heard(state(shadow), said, RULE, LATER)
    assert change is not None
    (canary,) = change.rollouts
    assert (canary.mode, canary.share, canary.reason) == (CANARY, RULE.share, said.summary)
    # Read again, the shadow's verdict promotes no canary.
    assert heard(state(canary), said, RULE, LATER) is None
    canary.share = 0.5
    change = heard(state(canary), judged(canary, "positive", 1000), RULE, LATER)
    assert change is not None
    assert change.release is not None
    assert (change.release.release_id, change.rollouts[-1].outcome) == (
        "new",
        RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED,
    )
    assert heard(state(change.rollouts[-1]), said, RULE, LATER) is None


def test_a_dear_shadow_is_taken_back_with_the_evidence() -> None:
    shadow = shadowing()
    change = heard(state(shadow), judged(shadow, "negative", 0), RULE, LATER)
    assert change is not None
    (ended,) = change.rollouts
    assert (ended.mode, ended.outcome) == (ENDED, RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK)
    assert ended.evidence["difference"] == 8
    assert ended.evidence["documents"] == 600
