"""towpath dead-letters replay: what ingestion has parked is taken once what was wrong is mended."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from ruamel.yaml import YAML

from support.label_studio import SECRET, annotation, choice, event
from support.objective import CATS_OR_DOGS
from towpath.cli.replaying import replayed
from towpath.core.errors import MalformedMessageError, RejectedError, RetryableError
from towpath.core.objective import Objective
from towpath.core.stream import Codec, MemoryBroker, Record, Registry, dead_letter
from towpath.ingestion.bootstrap import build
from towpath.ingestion.settings import IngestionSettings
from towpath.v1 import DeadLetter

VARIABLE = "TOWPATH_INGESTION_WEBHOOK_SECRET"


def objective(*classes: str) -> Objective:
    data: dict[str, Any] = YAML(typ="safe").load(CATS_OR_DOGS)
    data["contract"]["task"]["classes"] = list(classes)
    data["contract"]["costs"]["matrix"] = {t: {d: float(t != d) for d in classes} for t in classes}
    return Objective.model_validate(data)


class Rig:
    """Ingestion under one objective after the other, on one broker."""

    def __init__(self) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())

    def client(self, objective: Objective) -> httpx.Client:
        settings = IngestionSettings(ingestion_webhook_secret=SECRET)  # type: ignore[arg-type]
        app = build(settings, broker=self.broker, objective=objective).app
        assert app is not None
        return TestClient(app)

    def on(self, topic: str) -> list[Any]:
        kind = self.registry.topic(topic).message
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            return [Codec().decode(record, kind).message for record in reader.poll(timeout_s=0).records]

    def parked(self) -> list[DeadLetter]:
        return self.on("dead-letters")


@pytest.fixture
def rig() -> Rig:
    """With an annotation of a bird parked, of which the objective knew nothing."""
    made = Rig()
    body = json.dumps(event("ANNOTATION_CREATED", annotation(17, choice("bird")))).encode()
    shown = {"X-Towpath-Webhook-Secret": SECRET, "Content-Type": "application/json"}
    answer = made.client(objective("cat", "dog")).post("/v1/label-studio/ls", content=body, headers=shown)
    assert "'bird' is no class of the objective: cat, dog" in answer.json()["problems"][0]
    assert made.on("annotations") == []
    return made


def test_what_was_parked_is_taken_when_the_objective_is_mended(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    client = rig.client(objective("cat", "dog", "bird"))
    for _ in range(2):
        ((letter, outcome),) = replayed(rig.parked(), rig.broker, client)
        assert (letter.service, outcome.used, outcome.told) == ("ingestion", True, "taken: 1 annotations")
    first, second = rig.on("annotations")
    assert first.class_label.label == "bird"
    assert first.annotation_id == second.annotation_id, "sent twice, it counts once"


def test_what_still_cannot_be_used_is_parked_under_the_same_id(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    ((_, outcome),) = replayed(rig.parked(), rig.broker, rig.client(objective("cat", "dog")))
    assert not outcome.used
    assert "parked again" in outcome.told
    assert len({each.dead_letter_id for each in rig.parked()}) == 1


def test_the_secret_is_wanted_and_has_to_be_the_right_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    client = rig.client(objective("cat", "dog", "bird"))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RejectedError, match=f"set {VARIABLE}"):
        list(replayed(rig.parked(), rig.broker, client))
    monkeypatch.setenv(VARIABLE, "another-secret-of-16")
    with pytest.raises(RejectedError, match="has another webhook secret"):
        list(replayed(rig.parked(), rig.broker, client))


def test_while_ingestion_is_away_nothing_is_said_to_be_sent(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    client, letters = rig.client(objective("cat", "dog", "bird")), rig.parked()
    rig.broker.away = True
    with pytest.raises(RetryableError, match="did not take it: 503"):
        list(replayed(letters, rig.broker, client))


def test_a_record_goes_to_its_topic_as_it_was(rig: Rig) -> None:
    topic = rig.registry.full_name("feedback")
    letter = DeadLetter(
        dead_letter_id="x", source_topic=topic, key=b"k", value=b"poison", service="monitoring", attempts=1
    )
    letter.headers.add(key="h", value=b"v")
    ((_, outcome),) = replayed([letter], rig.broker, rig.client(objective("cat", "dog")))
    assert (outcome.used, outcome.told) == (True, f"sent to {topic}")
    with rig.broker.consumer([topic], group=None) as reader:
        (record,) = reader.poll(timeout_s=0).records
    assert (record.key, record.value, record.headers) == (b"k", b"poison", (("h", b"v"), ("towpath-attempts", b"1")))


def test_a_letter_that_names_another_place_is_not_sent(rig: Rig) -> None:
    letter = DeadLetter(dead_letter_id="x", source_topic="POST http://elsewhere/", value=b"{}")
    with pytest.raises(RejectedError, match="no path of ingestion"):
        list(replayed([letter], rig.broker, rig.client(objective("cat", "dog"))))


def test_a_record_that_is_given_up_on_again_says_how_often(rig: Rig) -> None:
    topic, codec = rig.registry.full_name("documents"), Codec()
    record = Record(topic, 0, 7, b"k", b"not JSON", (("source", b"crm"),), 0)
    for attempt in (1, 2, 3):
        letter = dead_letter(
            record, MalformedMessageError("no JSON"), service="serving", registry=rig.registry, codec=codec
        )
        with rig.broker.producer(client_id="t") as producer:
            producer.send([letter], timeout_s=1)
        last = rig.parked()[-1]
        assert (last.attempts, last.value, last.key) == (attempt, b"not JSON", b"k")
        assert [(each.key, each.value) for each in last.headers if each.key == "source"] == [("source", b"crm")]
        with rig.client(objective("cat", "dog")) as client:
            assert all(outcome.used for _, outcome in replayed([last], rig.broker, client))
        with rig.broker.consumer([topic], group=None) as reader:
            record = reader.poll(timeout_s=0).records[-1]
