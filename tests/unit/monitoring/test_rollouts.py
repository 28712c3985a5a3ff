"""A rollout from Kafka to its verdict on `alerts`: whatever comes first, after a restart as before it."""

from __future__ import annotations

import json
import random
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
    AlertState,
    ClassDecision,
    ClassLabel,
    DeadLetter,
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
    """The champion is wrong each time, the challenger is right but once in forty."""
    made: list[Sent] = []
    for n in range(first, first + documents):
        made += [predicted(n, "negative", "positive"), told(n, "neutral" if n % 40 == 7 else "positive")]
    return made


def obeying(**rule: float) -> Objective:
    data = json.loads(OBJECTIVE.to_json())
    data["contract"]["delivery"]["rollout"].update(rule)
    return Objective.from_json(json.dumps(data))


def canary(documents: int, *, at_s: int = 2000) -> list[Sent]:
    """Every other document is the challenger's, who is right; the champion is wrong."""
    made: list[Sent] = []
    for n in range(documents):
        answered = predicted(n, "positive", release="new", at_s=at_s) if n % 2 else predicted(n, "negative", at_s=at_s)
        made += [answered, told(n, "positive")]
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

    def dead_letters(self) -> list[DeadLetter]:
        topic = REGISTRY.full_name("dead-letters")
        return list(read_history(self.broker, CODEC, topic, DeadLetter, client_id="test"))

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
        found: dict[str, Any] = until(lambda: next((e for e in self.rollouts() if e["documents"] == count), {}), 20)
        return found

    def caught_up(self) -> None:
        until(lambda: self._client.get("/readyz").status_code == 200, 20)

    def reader_waits(self) -> bool:
        """For Kafka, which is away."""
        waits: bool = self.service.loops[0].__self__.backoff.tries > 0  # type: ignore[attr-defined]
        return waits

    def metrics(self) -> str:
        return generate_latest(self.service.metrics).decode()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_cheaper_shadow_is_promoted_by_an_alert_that_says_why(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(120)])
    with stage.monitoring() as monitoring:
        found = monitoring.documents(120)
        alert = until(stage.alerts, 20)[0]
        assert 'rollout_documents{mode="shadow",release="new"} 120.0' in monitoring.metrics()
    assert found["verdict"] == "promote"
    assert (found["rolloutId"], found["challenger"], found["champion"], found["mode"]) == (
        "rol-1", "new", "old", "shadow",
    )  # fmt: skip
    assert found["lower"] < found["difference"] < found["upper"] <= 0
    assert found["unit"] == "EUR"
    assert alert.summary == found["explanation"]
    assert "120 documents with feedback: the challenger costs 0.988 EUR a document less (" in alert.summary
    assert alert.summary.endswith(", 95 % at any moment): promote.")
    assert (alert.monitor, alert.objective, alert.release_id) == ("rollout", OBJECTIVE.name, "new")
    assert alert.severity == AlertSeverity.ALERT_SEVERITY_INFO
    assert (alert.evidence["promote"], alert.evidence["roll_back"], alert.evidence["documents"]) == (1, 0, 120)


def test_whatever_comes_first_the_evidence_is_the_same(stage: Stage) -> None:
    sent = [rollout(), *shadowed(120)]
    random.Random(1).shuffle(sent)
    # Repeated messages count once, and so does a document that is predicted again.
    stage.send([*sent, *sent[:50], *shadowed(20)])
    with stage.monitoring() as monitoring:
        found = monitoring.documents(120)
    others = Stage()
    others.send([*shadowed(120), rollout()])
    with others.monitoring() as monitoring:
        assert monitoring.documents(120) == found


def test_after_a_restart_in_the_middle_the_verdict_is_that_without_one(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(90)])
    with stage.monitoring() as monitoring:
        assert monitoring.documents(90)["verdict"] == "undecided"
    stage.send(shadowed(30, first=90))
    with stage.monitoring() as monitoring:
        found = monitoring.documents(120)
        first = until(stage.alerts, 20)
    with stage.monitoring() as monitoring:
        assert monitoring.documents(120) == found
    # Who acts on it reads it where it is.
    assert stage.alerts() == first
    assert (len(first), found["verdict"]) == (1, "promote")


def test_a_verdict_stands_and_is_told_once_while_documents_go_on(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(120)])
    with stage.monitoring() as monitoring:
        found = monitoring.documents(120)
        until(stage.alerts, 20)
        stage.send(shadowed(50, first=120))
        until(lambda: 'feedback_documents{release="old"} 170.0' in monitoring.metrics(), 20)
        assert monitoring.rollouts() == [found]
    assert len(stage.alerts()) == 1


def test_a_mode_has_evidence_and_a_verdict_of_its_own(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(120)])
    with stage.monitoring() as monitoring:
        until(stage.alerts, 20)
        stage.send([rollout(CANARY, since_s=3000), predicted(9000, "ask", at_s=2999), told(9000, "positive")])
        until(lambda: [each["mode"] for each in monitoring.rollouts()] == ["canary"], 20)
        assert 'mode="shadow"' not in monitoring.metrics()
        stage.send(canary(400, at_s=3001))
        alerts = until(lambda: stage.alerts()[1:], 20)
        (found,) = monitoring.rollouts()
    assert (found["verdict"], found["share"], found["documents"]) == ("promote", 0.5, alerts[0].evidence["documents"])
    assert found["difference"] == pytest.approx(-1, abs=0.2)
    assert len({each.alert_id for each in stage.alerts()}) == 2
    assert (alerts[0].evidence["shadow"], alerts[0].evidence["since"]) == (0, 3000)


def test_a_verdict_is_over_with_its_rollout(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(120)])
    with stage.monitoring():
        (verdict,) = until(stage.alerts, 20)
        stage.send([rollout(ENDED)])
        _, over = until(lambda: stage.alerts()[1:] and stage.alerts(), 20)
    assert (verdict.cause, verdict.state) == ("rollout/rol-1", AlertState.ALERT_STATE_FIRING)
    assert (over.alert_id, over.state, over.actor) == (
        verdict.alert_id, AlertState.ALERT_STATE_RESOLVED, "monitoring",
    )  # fmt: skip


def test_another_share_begins_anew(stage: Stage) -> None:
    stage.send([rollout(CANARY), *canary(60)])
    with stage.monitoring() as monitoring:
        monitoring.documents(60)
        stage.send([rollout(CANARY, since_s=3000, share=0.2), predicted(100, "ask", at_s=3000), told(100, "positive")])
        assert monitoring.documents(1)["share"] == 0.2


def test_of_an_ended_rollout_nothing_is_said_whatever_comes_late(stage: Stage) -> None:
    stage.send([rollout(), *shadowed(120), rollout(ENDED)])
    with stage.monitoring() as monitoring:
        monitoring.caught_up()
        stage.send(shadowed(10, first=120))
        until(lambda: 'feedback_documents{release="old"} 130.0' in monitoring.metrics(), 20)
        assert monitoring.rollouts() == []
        assert "rollout_documents{" not in monitoring.metrics()
    assert stage.alerts() == []


def test_after_kafka_was_away_rollouts_of_long_ago_do_not_run_again(stage: Stage) -> None:
    # More than are read at once: there is a moment when the old one would run.
    stage.send([*shadowed(120), *[rollout()] * 2000, rollout(ENDED)])
    with stage.monitoring() as monitoring:
        monitoring.caught_up()
        stage.broker.away = True
        until(monitoring.reader_waits, 20)
        stage.broker.away = False
        stage.send(
            [rollout(rollout_id="rol-2"), predicted(1000, "ask", "positive", of="rol-2"), told(1000, "positive")]
        )
        assert monitoring.documents(1)["rolloutId"] == "rol-2"
    assert stage.alerts() == []


def test_the_first_truth_counts_for_the_test_and_the_last_for_the_figures(stage: Stage) -> None:
    stage.send([rollout(), predicted(1, "negative", "positive"), told(1, "positive")])
    with stage.monitoring() as monitoring:
        assert monitoring.documents(1)["difference"] == -1
        stage.send([told(1, "negative", source="supervisor"), predicted(2, "ask", "ask"), told(2, "positive")])
        assert monitoring.documents(2)["difference"] == -0.5
        assert 'accuracy_ratio{release="old"} 0.5' in monitoring.metrics()


def test_an_equal_challenger_is_rolled_back_when_the_documents_are_used_up(stage: Stage) -> None:
    stage.send([rollout(), *(each for n in range(250) for each in (predicted(n, "ask", "ask"), told(n, "positive")))])
    with stage.monitoring(obeying(maxDocuments=200)) as monitoring:
        found = monitoring.documents(250)
        alert = until(stage.alerts, 20)[0]
    assert found["verdict"] == "roll-back"
    assert "costs as much" in alert.summary
    assert alert.summary.endswith("not decided after 200, the most that the objective allows, so roll back.")
    assert alert.severity == AlertSeverity.ALERT_SEVERITY_WARNING
    assert (alert.evidence["promote"], alert.evidence["roll_back"], alert.evidence["undecided"]) == (0, 1, 1)


def test_a_dearer_challenger_is_rolled_back(stage: Stage) -> None:
    stage.send(
        [rollout(), *(each for n in range(120) for each in (predicted(n, "ask", "positive"), told(n, "negative")))]
    )
    with stage.monitoring() as monitoring:
        found = monitoring.documents(120)
        alert = until(stage.alerts, 20)[0]
    assert "120 documents with feedback: the challenger costs 7.850 EUR a document more (" in found["explanation"]
    assert alert.summary.endswith(" more, 95 % at any moment): roll back.")
    assert alert.severity == AlertSeverity.ALERT_SEVERITY_WARNING


def test_what_compares_nothing_is_not_counted(stage: Stage) -> None:
    others = [
        predicted(1, "ask"),  # the challenger failed at it
        predicted(2, "ask", "unheard of"),
        predicted(3, "ask", "positive", release="older"),
        predicted(4, "ask", "positive", at_s=999),  # before the rollout
        predicted(5, "ask", "positive", of="rol-0"),
        predicted(6, "ask", "positive", of=""),
    ]
    another = rollout(CANARY)[2]
    assert isinstance(another, Rollout)
    another.model_name = "another"
    stage.send([rollout(), *others, *(told(n, "positive") for n in range(1, 8))])
    stage.send([predicted(7, "ask", "positive"), ("rollouts", "another", another)])
    with stage.monitoring() as monitoring:
        found = monitoring.documents(1)
    assert found["mode"] == "shadow"
    assert found["explanation"].startswith("1 document with feedback: the challenger costs 0.150 EUR a document less (")
    assert found["explanation"].endswith(" more, 95 % at any moment): decided from 100 on.")


def test_a_canary_that_leaves_nothing_to_compare_with_is_a_dead_letter(stage: Stage) -> None:
    with stage.monitoring() as monitoring:
        monitoring.caught_up()
        stage.send([rollout(CANARY, share=share) for share in (0.0, 1.0, float("nan"))])
        letters = until(lambda: found if len(found := stage.dead_letters()) == 3 else [], 20)
        assert monitoring.rollouts() == []
    assert all("must be between 0 and 1" in each.reason for each in letters)


def test_a_canary_s_releases_have_their_own_realised_costs_with_documents_of_many_workers(stage: Stage) -> None:
    sent = [*canary(100), *(told(n, "negative", source="supervisor") for n in range(0, 100, 10))]
    first, rest = sent[:200], sent[200:]
    random.Random(3).shuffle(first)
    stage.send([rollout(CANARY), *first, *rest])
    with stage.monitoring() as monitoring:
        monitoring.documents(100)
        shown = monitoring.metrics()
    assert 'feedback_documents{release="new"} 50.0' in shown
    assert 'feedback_documents{release="old"} 50.0' in shown
    assert 'realised_cost{release="new"} 0.0' in shown
    assert 'realised_cost{release="old"} 0.8' in shown
