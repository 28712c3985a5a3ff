"""A rollout from Kafka to its verdict on `alerts`: whatever comes first, after a restart as before it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.protobuf.message import Message as ProtoMessage
from prometheus_client import generate_latest

from support.waiting import until
from towpath.core.ids import feedback_id, prediction_id
from towpath.core.objective import Objective, load_objective
from towpath.core.service import Service
from towpath.core.stream import Codec, Registry, read_history
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.bootstrap import build
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import (
    Alert,
    AlertSeverity,
    ClassDecision,
    ClassLabel,
    Decision,
    Feedback,
    ModelRelease,
    Prediction,
    Rollout,
    RolloutMode,
    Shadow,
)

OBJECTIVE: Objective = load_objective("objective.yaml")
REGISTRY, CODEC = Registry.load("towpath."), Codec()
SHADOW, CANARY, ENDED = (
    RolloutMode.ROLLOUT_MODE_SHADOW,
    RolloutMode.ROLLOUT_MODE_CANARY,
    RolloutMode.ROLLOUT_MODE_ENDED,
)
Sent = tuple[str, str, ProtoMessage]


def rollout(mode: Any = SHADOW, *, rollout_id: str = "rol-1", since_s: int = 1000, share: float = 0.5) -> Sent:
    made = Rollout(
        rollout_id=rollout_id,
        model_name=OBJECTIVE.name,
        challenger=ModelRelease(release_id="new", model_name=OBJECTIVE.name),
        champion_release_id="old",
        mode=mode,
        share=share,
    )
    made.updated_at.FromSeconds(since_s)
    return "rollouts", OBJECTIVE.name, made


def decision(label: str) -> ClassDecision:
    kind = Decision.DECISION_ASK_PERSON if label == "ask" else Decision.DECISION_CLASS
    return ClassDecision(label="neutral" if label == "ask" else label, decision=kind, expected_cost=0.1)


def predicted(
    n: int, label: str, shadow: str = "", *, release: str = "old", at_s: int = 2000, of: str = "rol-1"
) -> Sent:
    made = Prediction(
        prediction_id=prediction_id(f"doc-{n}", release),
        document_id=f"doc-{n}",
        model_name=OBJECTIVE.name,
        release_id=release,
        rollout_id=of,
        class_decision=decision(label),
    )
    if shadow:
        made.shadow.CopyFrom(Shadow(release_id="new", class_decision=decision(shadow)))
    made.created_at.FromSeconds(at_s)
    return "predictions", made.document_id, made


def told(n: int, truth: str, *, source: str = "agent") -> Sent:
    label = ClassLabel(label=truth)
    made = Feedback(
        feedback_id=feedback_id(f"doc-{n}", source, label), document_id=f"doc-{n}", source=source, class_label=label
    )
    return "feedback", made.document_id, made


def shadowed(documents: int, first: int = 0) -> list[Sent]:
    """The champion asks a person each time; the challenger decides, and is right but once in forty."""
    made: list[Sent] = []
    for n in range(first, first + documents):
        made += [predicted(n, "ask", "positive"), told(n, "neutral" if n % 40 == 7 else "positive")]
    return made


class Stage:
    """A broker, and monitoring on it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.broker.create_topics(REGISTRY.specs())

    def send(self, sent: Sequence[Sent]) -> None:
        with self.broker.producer(client_id="test") as producer:
            made = [CODEC.encode(each, topic=REGISTRY.full_name(topic), key=key) for topic, key, each in sent]
            producer.send(made, timeout_s=5)

    def alerts(self) -> list[Alert]:
        topic = REGISTRY.full_name("alerts")
        return list(read_history(self.broker, CODEC, topic, Alert, client_id="test"))

    @contextmanager
    def monitoring(self, objective: Objective = OBJECTIVE) -> Iterator[Monitoring]:
        service = build(MonitoringSettings(), broker=self.broker, objective=objective)
        stop = threading.Event()
        thread = threading.Thread(target=service.loops[0], args=(stop,), daemon=True)
        thread.start()
        try:
            yield Monitoring(service)
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()


class Monitoring:
    def __init__(self, service: Service) -> None:
        assert service.app is not None
        self.service, self._client = service, TestClient(service.app)

    def rollouts(self) -> list[dict[str, Any]]:
        answer = self._client.get("/v1/rollouts")
        assert answer.status_code == 200
        return list(answer.json()["rollouts"])

    def documents(self, count: int) -> dict[str, Any]:
        """The running rollout once so many are counted."""
        return until(lambda: next((each for each in self.rollouts() if each["documents"] == count), {}), 20)

    def metrics(self) -> str:
        return generate_latest(self.service.metrics).decode()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_cheaper_shadow_is_promoted_by_an_alert_that_says_why(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(400)])
    with stage.monitoring() as monitoring:
        found = monitoring.documents(400)
        alert = until(stage.alerts, 20)[0]
        assert 'rollout_documents{mode="shadow",release="new"} 400.0' in monitoring.metrics()
    assert found["verdict"] == "promote"
    assert (found["rolloutId"], found["challenger"], found["champion"], found["mode"]) == (
        "rol-1", "new", "old", "shadow",
    )  # fmt: skip
    assert found["lower"] < found["difference"] < found["upper"] <= 0
    assert found["unit"] == "EUR"
    assert alert.summary == found["explanation"]
    assert "400 documents with feedback: the challenger costs 0.138 EUR a document less (" in alert.summary
    assert alert.summary.endswith(", 95 % at any moment): promote.")
    assert (alert.monitor, alert.objective, alert.release_id) == ("rollout", OBJECTIVE.name, "new")
    assert alert.severity == AlertSeverity.ALERT_SEVERITY_INFO
    assert (alert.evidence["promote"], alert.evidence["roll_back"], alert.evidence["documents"]) == (1, 0, 400)
