"""Label Studio's webhook: who may call, what is taken, and that nothing is lost of what cannot be used."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from ruamel.yaml import YAML

from support.label_studio import SECRET, annotation, choice, event, task
from support.objective import CATS_OR_DOGS
from towpath.core.errors import CrashError
from towpath.core.objective import Objective
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.ingestion.bootstrap import build
from towpath.ingestion.settings import IngestionSettings
from towpath.preparation.labels.ratings import current

PATH = "/v1/label-studio/ls"
SHOWN = {"X-Towpath-Webhook-Secret": SECRET}


class Rig:
    def __init__(self, **settings: Any) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())
        self._settings = IngestionSettings(**{"ingestion_webhook_secret": SECRET, **settings})
        self.client = TestClient(self.built())

    def built(self, objective: Objective | None = None) -> Any:
        return build(self._settings, broker=self.broker, objective=objective).app

    def on(self, topic: str) -> list[Any]:
        kind = self.registry.topic(topic).message
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            records = reader.poll(timeout_s=0, max_records=10_000).records
        return [Codec().decode(record, kind).message for record in records]

    def post(self, what: Any, **headers: str) -> dict[str, Any]:
        content = what if isinstance(what, bytes) else json.dumps(what).encode()
        answer = self.client.post(
            PATH, content=content, headers={**SHOWN, "Content-Type": "application/json", **headers}
        )
        assert answer.status_code == 202, answer.text
        said: dict[str, Any] = answer.json()
        return said


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_an_annotation_is_created_changed_and_taken_back(rig: Rig) -> None:
    changed = event("ANNOTATION_UPDATED", annotation(17, choice("positive"), minute=5))
    assert rig.post(changed)["accepted"] == 1
    assert rig.post(event("ANNOTATION_CREATED"))["accepted"] == 1, "late, and told all the same"
    assert rig.post(changed)["accepted"] == 1, "again"
    (counts,) = current(rig.on("annotations"))
    assert (counts.class_label.label, counts.rater_id, counts.guide_version) == ("positive", "ls-ls-user-3", "2")
    rig.post(event("ANNOTATIONS_DELETED"))
    assert current(rig.on("annotations")) == []
    assert rig.on("dead-letters") == []


def test_a_task_that_towpath_did_not_make_brings_its_document(rig: Rig) -> None:
    rig.post(event("ANNOTATION_CREATED", None, task(text="Lost again")))
    (document,), (made,) = rig.on("documents"), rig.on("annotations")
    assert (document.text, document.document_id) == ("Lost again", made.document_id)


@pytest.mark.parametrize("headers", [{}, {"X-Towpath-Webhook-Secret": "wrong"}, {"X-Towpath-Webhook-Secret": "é"},
                                     {"X-Towpath-Signature": "sha256=00"}, {"X-Towpath-Signature": ""},
                                     {**SHOWN, "X-Towpath-Signature": "sha256=00"}])  # fmt: skip
def test_a_stranger_is_not_heard(rig: Rig, headers: dict[str, str]) -> None:
    coded = {name: value.encode() for name, value in headers.items()}
    answer = rig.client.post(PATH, json=event("ANNOTATION_CREATED"), headers=coded)
    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert rig.on("annotations") + rig.on("dead-letters") == []


def test_who_can_sign_needs_not_show_the_secret(rig: Rig) -> None:
    body = json.dumps(event("ANNOTATION_CREATED")).encode()
    signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = rig.client.post(PATH, content=body, headers={"X-Towpath-Signature": signed})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)


def test_without_a_secret_there_are_no_webhooks(rig: Rig, tmp_path: Path) -> None:
    off = Rig(ingestion_webhook_secret=None)
    answer = off.client.post(PATH, json=event("ANNOTATION_CREATED"), headers=SHOWN)
    assert (answer.status_code, "TOWPATH_INGESTION_WEBHOOK_SECRET" in answer.json()["detail"]) == (404, True)
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    assert Rig(ingestion_webhook_secret=None, ingestion_webhook_secret_file=file).post(event("ANNOTATION_CREATED"))
    file.write_text("short")
    with pytest.raises(CrashError, match="less than 16 bytes"):
        Rig(ingestion_webhook_secret=None, ingestion_webhook_secret_file=file)


BODIES = {
    "not JSON": json.dumps(event("ANNOTATION_CREATED")).encode()[:300],
    "not UTF-8": b'{"action": "\xe9"}',
    "not acceptable JSON": b"[" * 100_000,
    "send_payload": b'{"action": "ANNOTATION_CREATED"}',
    "document_id": json.dumps(event("ANNOTATION_CREATED", None, {"data": {"image": "x"}})).encode(),
    "pattern": json.dumps(event("ANNOTATION_CREATED", None, task(document_id="../etc"))).encode(),
}


@pytest.mark.parametrize(("why", "body"), BODIES.items(), ids=list(BODIES))
def test_what_cannot_be_used_is_parked_with_its_bytes(rig: Rig, why: str, body: bytes) -> None:
    said = rig.post(body)
    assert (said["accepted"], rig.on("annotations")) == (0, [])
    (letter,) = rig.on("dead-letters")
    assert (letter.value, letter.source_topic, letter.service) == (body, f"POST {PATH}", "ingestion")
    assert said["parked"] == letter.dead_letter_id
    assert why in letter.reason
    assert {each.key: each.value for each in letter.headers} == {"content-type": b"application/json"}


def test_of_many_annotations_the_good_ones_are_taken_and_the_event_parked(rig: Rig) -> None:
    many = [annotation(1), annotation(2, choice("a"), choice("b")), annotation(3)]
    said = rig.post(event("ANNOTATIONS_CREATED", many, [task()] * 3))
    assert (said["accepted"], said["problems"]) == (2, ["annotation 2: 2 classes were given, one is wanted"])
    assert len(rig.on("dead-letters")) == 1


def test_a_label_that_the_objective_does_not_have_waits_for_the_objective_to_have_it() -> None:
    objective = Objective.model_validate(YAML(typ="safe").load(CATS_OR_DOGS))
    rig = Rig()
    rig.client = TestClient(rig.built(objective))
    said = rig.post(event("ANNOTATION_CREATED", annotation(17, choice("horse"))))
    assert (said["accepted"], "'horse' is no class of the objective: cat, dog" in said["problems"][0]) == (0, True)
    assert len(rig.on("dead-letters")) == 1
    assert rig.post(event("ANNOTATION_CREATED", annotation(17, choice("cat"))))["accepted"] == 1
    assert rig.post(event("ANNOTATIONS_DELETED"))["accepted"] == 1


def test_a_skipped_task_is_no_problem(rig: Rig) -> None:
    said = rig.post(event("ANNOTATION_CREATED", annotation(was_cancelled=True)))
    assert said == {"accepted": 0, "skipped": 1, "parked": "", "problems": []}


def test_too_much_is_refused_and_kafka_away_is_said(rig: Rig) -> None:
    assert rig.client.post(PATH, content=b" " * 2_097_153, headers=SHOWN).status_code == 413
    rig.broker.away = True
    answer = rig.client.post(PATH, json=event("ANNOTATION_CREATED"), headers=SHOWN)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert rig.client.post(PATH, content=b"{", headers=SHOWN).status_code == 503, "not said to be parked when it is not"
    rig.broker.away = False
    assert rig.on("dead-letters") == []


def test_an_api_key_is_not_asked_of_a_tool_that_has_the_secret() -> None:
    rig = Rig(auth={"mode": "api-key", "api_keys": "k"})
    assert rig.post(event("ANNOTATION_CREATED"))["accepted"] == 1
    assert rig.client.post("/v1/annotations", json={}).status_code == 401
