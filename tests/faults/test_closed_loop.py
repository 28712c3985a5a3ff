"""From an alert to a release that reigns, with every service killed on the way: real processes on a real Kafka.

Whatever dies where, the loop ends in the same state: one released run for the cause, the alert answered with it, the
rollout ended by one promotion, each document predicted once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from support.objective import CATS_OR_DOGS
from support.stricken import MONITORING, TRAINING
from support.waiting import until
from towpath.cli.local.ports import choose_port
from towpath.core.objective import load_objective
from towpath.core.stream import Codec, read_history
from towpath.model import release_id_of
from towpath.model.build import Head
from towpath.model.build.rehead import head_of, rehead
from towpath.model.build.tiny import build_tiny_bundle, build_tiny_encoder
from towpath.model.bundle import read_bundle
from towpath.v1 import (
    Alert,
    AlertState,
    Annotation,
    ClassLabel,
    Document,
    Feedback,
    ModelRelease,
    Prediction,
    Rollout,
    RolloutMode,
    RolloutOutcome,
)

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
T = TypeVar("T")
Sent = tuple[str, Any]
NAME = "cats-or-dogs"
POLICY = """\
  retraining: {causes: [drift/injected], runCost: 20, expectedDocuments: 100000, minNewDocuments: 100,
    newAnnotatedDocuments: 1000, maxFailures: 10}
  delivery: {rollout: {start: canary, share: 0.5, minDocuments: 20}}
"""
KINDS = (("cat", "meow purr whiskers"), ("dog", "woof bark bone"))
LABELLED, PROMOTION, CANARY = 300, "between the promotion and the rollout's end", "serving during the canary"
ALL = (*TRAINING, CANARY, *MONITORING)
# One loop with deaths in each service; `make faults` has one in which everything dies once, and one for each death.
SOME = ("in the middle of the run", "after the release is written", CANARY, "before the verdict is told", PROMOTION)
LOOPS = [ALL, *((each,) for each in ALL)] if os.environ.get("TOWPATH_TEST_EACH_DEATH") else [SOME]


class Loop:
    """An installation whose champion takes everything for a cat, and an alert that says that the world has changed."""

    def __init__(self, deployment: Any) -> None:
        self.it, self.home, self.registry = deployment, deployment.home, deployment.registry
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.sent = 0
        (self.home / "objective.yaml").write_text(CATS_OR_DOGS + POLICY)
        build_tiny_encoder(self.home / "encoder")
        self.champion = self._champion()
        fired = Alert(alert_id="alr-1", objective=NAME, monitor="drift", cause="drift/injected", summary="dogs came")
        fired.state, fired.extra_cost_per_thousand = AlertState.ALERT_STATE_FIRING, 500.0
        self.send(("models", self.champion), *self._documents(LABELLED, self._annotation), ("alerts", fired))

    def _champion(self) -> ModelRelease:
        objective = load_objective(self.home / "objective.yaml")
        classes, told = tuple(objective.classes), objective.to_json()
        plain = read_bundle(build_tiny_bundle(self.home / "plain", name=NAME, classes=classes, objective_json=told))
        cats = Head(np.zeros_like(head_of(plain).coef), np.array([9.0 * (each == "cat") for each in classes]))
        folder = rehead(plain, self.home / "bundles" / "cats", cats).resolve()
        sha256 = read_bundle(folder).sha256
        return ModelRelease(
            release_id=release_id_of(sha256), model_name=NAME, bundle_uri=folder.as_uri(), bundle_sha256=sha256
        )

    # ------------------------------------------------------------------ topics
    def _documents(self, many: int, said: Callable[[int, ClassLabel], Sent]) -> Iterator[Sent]:
        """That many, and what is said of each."""
        for _ in range(many):
            n, self.sent = self.sent, self.sent + 1
            kind, words = KINDS[n % 2]
            yield "documents", Document(document_id=f"d{n}", text=f"{words} {n}")
            yield said(n, ClassLabel(label=kind))

    @staticmethod
    def _annotation(n: int, label: ClassLabel) -> Sent:
        return "annotations", Annotation(annotation_id=f"a{n}", document_id=f"d{n}", rater_id="r", class_label=label)

    @staticmethod
    def _feedback(n: int, label: ClassLabel) -> Sent:
        return "feedback", Feedback(feedback_id=f"f{n}", document_id=f"d{n}", class_label=label)

    def send(self, *sent: Sent) -> None:
        self.it.send(
            [
                Codec().encode(each, topic=self.registry.full_name(topic), key=getattr(each, "document_id", NAME))
                for topic, each in sent
            ]
        )

    def on(self, topic: str, kind: type[Any]) -> list[Any]:
        return list(read_history(self.it.broker, Codec(), self.registry.full_name(topic), kind, client_id="test"))

    # ------------------------------------------------------------------ services
    def start(self, service: str, *points: str) -> subprocess.Popen[bytes]:
        """Anew; one that runs is killed before."""
        self.kill(service)
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "TOWPATH_HOME": str(self.home),
            "TOWPATH_OBJECTIVE": str(self.home / "objective.yaml"),
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": self.it.kafka.bootstrap_servers,
            "TOWPATH_KAFKA_SESSION_TIMEOUT_S": "2",
            "TOWPATH_TOPIC_PREFIX": self.registry.prefix,
            "TOWPATH_HTTP_PORT": str(choose_port()),
            "TOWPATH_TRAINING_AUTO": "true",
            "TOWPATH_TRAINING_ENCODER": str(self.home / "encoder"),
            "TOWPATH_SERVING_INSTANCE": "one",
            "TOWPATH_SERVING_TRANSACTION_TIMEOUT_S": "10",
            "TOWPATH_SERVING_THREADS": "1",
        }
        with (self.home / f"{service}.log").open("ab") as log:
            command = [sys.executable, "-m", "support.stricken", service, *points]
            self.running[service] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        return self.running[service]

    def kill(self, service: str) -> None:
        process = self.running.pop(service, None)
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(20)

    def until(self, found: Callable[[], T], *, live: bool = False) -> T:
        """What `found` gives once it is true; `live`: documents keep coming meanwhile."""

        def look() -> T:
            # No faster than they are answered: what is killed has all of it to read again.
            if live and self.it.count_predicted() >= self.sent:
                self.send(*self._documents(20, self._feedback))
            for service, process in self.running.items():
                assert process.poll() in (None, -signal.SIGKILL), (self.home / f"{service}.log").read_text()[-3000:]
            return found()

        return until(look, 240)

    def dies_at(self, service: str, point: str, *, live: bool = False) -> None:
        process = self.running.get(service) if point == PROMOTION else None
        process = process or self.start(service, point)
        self.until(lambda: process.poll() is not None, live=live)
        assert process.returncode == -signal.SIGKILL

    # ------------------------------------------------------------------ what is so
    def runs(self) -> list[dict[str, Any]]:
        """The oldest first."""
        found = [json.loads(file.read_text()) for file in self.home.glob("runs/run-*/run.json")]
        return sorted(found, key=lambda run: str(run["createdAt"]))

    def in_canary(self) -> bool:
        return any(each.rollout_id for each in self.on("predictions", Prediction))

    def ended(self) -> bool:
        return any(each.mode == RolloutMode.ROLLOUT_MODE_ENDED for each in self.on("rollouts", Rollout))


@pytest.fixture
def loop(deployment: Any) -> Iterator[Loop]:
    made = Loop(deployment)
    yield made
    for service in list(made.running):
        made.kill(service)


@pytest.mark.parametrize("deaths", LOOPS, ids=lambda deaths: deaths[0] if len(deaths) == 1 else str(len(deaths)))
def test_a_service_that_is_killed_at_any_point_of_the_loop_finishes_it(loop: Loop, deaths: Sequence[str]) -> None:
    loop.start("serving")
    loop.start("monitoring")
    for point in TRAINING:
        if point in deaths and point != PROMOTION:
            loop.dies_at("training", point)
    loop.start("training", *({PROMOTION} & set(deaths)))
    loop.until(lambda: loop.on("rollouts", Rollout))
    loop.until(loop.in_canary, live=True)
    if CANARY in deaths:
        loop.start("serving")
    for point in MONITORING:
        if point in deaths:
            loop.dies_at("monitoring", point, live=True)
    if set(MONITORING) & set(deaths):
        loop.start("monitoring")
    if PROMOTION in deaths:
        loop.dies_at("training", PROMOTION, live=True)
        loop.start("training")
    loop.until(loop.ended, live=True)
    _assert_the_end(loop)


def _assert_the_end(loop: Loop) -> None:
    answered = loop.until(lambda: _answers(loop))
    runs = loop.until(lambda: loop.runs() if loop.runs()[-1]["status"] == "succeeded" else [])
    assert [run["status"] for run in runs] == ["failed"] * (len(runs) - 1) + ["succeeded"]
    assert {(*run["causes"], *run["alertIds"]) for run in runs} == {("drift/injected", "alr-1")}
    release = runs[-1]["release"]["releaseId"]
    told = Counter(each.reason for each in answered)
    assert max(told.values()) == 1, "nothing is told twice"
    loop.until(lambda: runs[-1]["runId"] in _answers(loop)[-1].reason)
    assert [each.release_id for each in loop.on("models", ModelRelease)] == [loop.champion.release_id, release]
    modes = [(each.challenger.release_id, each.outcome) for each in loop.on("rollouts", Rollout)]
    assert modes == [(release, 0), (release, RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED)]
    verdicts = [each for each in loop.on("alerts", Alert) if each.monitor == "rollout"]
    assert sum(each.state == AlertState.ALERT_STATE_FIRING for each in verdicts) == 1
    sent = loop.sent
    loop.until(lambda: len(loop.on("predictions", Prediction)) >= sent)
    predicted = Counter(each.document_id for each in loop.on("predictions", Prediction))
    assert set(predicted) == {f"d{n}" for n in range(sent)}, "nothing is lost"
    assert set(predicted.values()) == {1}, "nothing is repeated"


def _answers(loop: Loop) -> list[Alert]:
    """What training told of the alert."""
    return [each for each in loop.on("alerts", Alert) if each.alert_id == "alr-1" and each.actor == "training"]
