"""What serving answers in a rollout is what monitoring judges, and what that says is what training acts on: once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from prometheus_client import CollectorRegistry

from towpath.core.objective import load_objective
from towpath.core.stream import Codec, Message, Record, Registry
from towpath.model import Prediction as Answer
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.rollouts import RolloutWatch
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import Challenger, Serving
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.training.domain.rollouts import Decision, State, begin
from towpath.training.domain.verdicts import heard
from towpath.v1 import (
    Alert,
    ClassLabel,
    Document,
    Feedback,
    ModelRelease,
    Prediction,
    Rollout,
    RolloutMode,
    RolloutOutcome,
)

OBJECTIVE = load_objective("objective.yaml")
RULE = OBJECTIVE.contract.delivery.rollout
OLD, NEW = (ModelRelease(release_id=name, model_name=OBJECTIVE.name) for name in ("old", "new"))
# To the nanosecond, as a clock may tell it.
BEGUN, LATER = datetime(2026, 11, 25, 9, 0, 0, 123457, UTC), datetime(2026, 11, 25, 10, tzinfo=UTC)
CODEC, REGISTRY = Codec(), Registry.load("towpath.")
CANARY, ENDED = RolloutMode.ROLLOUT_MODE_CANARY, RolloutMode.ROLLOUT_MODE_ENDED


def state(running: Rollout | None = None) -> State:
    return State(OLD, running, {each.release_id: each for each in (OLD, NEW)})


def shadowing() -> Rollout:
    change = begin(state(), NEW, "shadow", 0.5, Decision(BEGUN, "training", "it passed its gate"), rollout_id="rol")
    return change.rollouts[-1]


@dataclass(frozen=True)
class Says:
    """A model of one opinion."""

    label: str

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        return [Answer(self.label, "class", 0.1, {self.label: 1.0}, truncated=False) for _ in texts]


def served(rollout: Rollout, numbers: range) -> list[Prediction]:
    """By serving: the champion says negative, the challenger positive."""
    mode: Literal["shadow", "canary"] = "canary" if rollout.mode == CANARY else "shadow"
    new = Released(OBJECTIVE.name, "new", OBJECTIVE.hash)
    challenger = Challenger(Says("positive"), new, rollout.rollout_id, mode, rollout.share)
    serving = Serving(Says("negative"), Released(OBJECTIVE.name, "old", OBJECTIVE.hash), challenger)
    metrics = ServingMetrics(CollectorRegistry())
    predict = PredictBatch(CODEC, REGISTRY, metrics, DeadLetterBudget(0.9, 1000), 1000, now=lambda: LATER)
    return [CODEC.decode(record(each), Prediction).message for each in predict(documents(numbers), serving).messages]


def documents(numbers: range) -> list[Record]:
    topic = REGISTRY.full_name("documents")
    made = [CODEC.encode(Document(document_id=f"d{n}", text="a text"), topic=topic, key=f"d{n}") for n in numbers]
    return [record(each, n) for n, each in enumerate(made)]


def record(sent: Message, offset: int = 0) -> Record:
    return Record(sent.topic, 0, offset, sent.key, sent.value, sent.headers, 0)


def judged(rollout: Rollout, truth: str, first: int) -> Alert:
    """By monitoring, which is told of the rollout, of what was served, and of the truth."""
    watch = RolloutWatch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), 10_000)
    watch.rollout(rollout)
    for n, made in enumerate(served(rollout, range(first, first + 600)), first):
        watch.prediction(made)
        watch.feedback(Feedback(feedback_id=f"f{n}", document_id=made.document_id, class_label=ClassLabel(label=truth)))
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
