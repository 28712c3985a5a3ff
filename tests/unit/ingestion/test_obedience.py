"""What comes in obeys the objective: classes, grades, limits, personal data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from towpath.core.ids import document_id
from towpath.core.objective import Objective, load_objective
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.ingestion.bootstrap import build
from towpath.ingestion.settings import IngestionSettings

ROOT = Path(__file__).parents[3]
CARD, PHONE = "4111 1111 1111 1111", "(415) 555-2671"
TEXT = f"Call {PHONE} or ann@example.com, card {CARD}"
MASKED = "Call [phone] or [e-mail], card [card]"


class Rig:
    """Ingestion under an objective, on a broker of its own."""

    def __init__(self, given: Objective | None, **settings: Any) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())
        service = build(IngestionSettings(**settings), broker=self.broker, objective=given)
        assert service.app is not None
        self.metrics: CollectorRegistry = service.metrics
        self.client = TestClient(service.app)

    def post(self, kind: str, **body: Any) -> tuple[int, str]:
        answer = self.client.post(f"/v1/{kind}", json=body)
        return answer.status_code, answer.json().get("detail", "")

    def taken(self, topic: str) -> list[Any]:
        kind = self.registry.topic(topic).message
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            return [Codec().decode(record, kind).message for record in reader.poll(timeout_s=0).records]

    def found(self, kind: str) -> float | None:
        return self.metrics.get_sample_value("towpath_ingestion_personal_data_total", {"kind": kind})


@pytest.fixture(scope="session")
def written() -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(ROOT / "objective.yaml")


@pytest.fixture
def objective(written: Any, tmp_path: Path) -> Callable[..., Objective]:
    """The running example with other parts of its contract."""

    def make(**changes: Any) -> Objective:
        contract = {**written["contract"], **changes}
        return Objective.model_validate({**written, "contract": contract})

    return make


def test_only_the_objectives_classes_and_grades_are_taken(objective: Callable[..., Objective]) -> None:
    rig = Rig(objective(labels={"renamed": {"angry": "negative"}}))
    said = {"documentId": "d", "raterId": "r"}
    told = {"documentId": "d", "source": "agent"}
    for kind, who in (("annotations", said), ("feedback", told)):
        status, detail = rig.post(kind, **who, classLabel={"label": "happy"})
        assert status == 422
        assert "classLabel.label: 'happy' is no class of the objective: negative, neutral, positive" in detail
        status, detail = rig.post(kind, **who, classLabel={"score": 5})
        assert (status, "5 is no grade of the objective: from -4 to 4" in detail) == (422, True)
        assert rig.post(kind, **who, classLabel={"label": "negative", "score": -4}) == (202, "")
        # As it was said: who reads it knows what the class is called today.
        assert rig.post(kind, **who, classLabel={"label": "angry"}) == (202, "")
        assert [each.class_label.label for each in rig.taken(kind)] == ["negative", "angry"]
    status, detail = rig.post("annotations", **said, entities={"spans": [{"end": 1, "label": "x"}]})
    assert (status, "wants a class" in detail) == (422, True)
    assert rig.post("annotations", annotationId="a", deleted=True) == (202, "")


def test_a_grade_alone_is_nothing_where_the_objective_has_none(
    objective: Callable[..., Objective], written: Any
) -> None:
    task = {"kind": "text-classification", "classes": ["negative", "neutral", "positive"]}
    rig = Rig(objective(task=task, labels={}, readiness={}))
    status, detail = rig.post("annotations", documentId="d", raterId="r", classLabel={"score": 1})
    assert (status, "no grades: give a label, one of negative, neutral, positive" in detail) == (422, True)


def test_entities_are_of_the_objectives_types() -> None:
    rig = Rig(load_objective(ROOT / "docs/examples/objectives/contract-parties.yaml"))
    status, detail = rig.post("annotations", documentId="d", raterId="r", classLabel={"label": "x"})
    assert (status, "wants entities" in detail) == (422, True)
    spans = [{"end": 3, "label": "no-such-type"}]
    status, detail = rig.post("annotations", documentId="d", raterId="r", entities={"spans": spans})
    assert (status, "entities.spans.0.label: 'no-such-type' is no class" in detail) == (422, True)


def test_texts_are_as_long_as_the_objective_allows(objective: Callable[..., Objective]) -> None:
    rig = Rig(objective(dataQuality={"minDocumentChars": 3, "maxDocumentChars": 5}))
    assert [rig.post("documents", text="x" * n)[0] for n in (2, 3, 5, 6)] == [422, 202, 202, 413]
    assert "at least 3" in rig.post("documents", text="x")[1]
    assert "at most 5" in rig.post("documents", text="xxxxxx")[1]


def test_personal_data_is_masked_before_kafka_and_ids_stay(objective: Callable[..., Objective]) -> None:
    flagging = {"personalData": {"action": "flag", "region": "US"}}
    masking = {"personalData": {"action": "mask", "region": "US"}}
    flags, masks = Rig(objective(dataQuality=flagging)), Rig(objective(dataQuality=masking))
    for rig in (flags, masks):
        assert rig.post("documents", text=TEXT, source="mail", attributes={"from": "ann@example.com"})[0] == 202
        assert [rig.found(kind) for kind in ("e-mail", "phone", "card")] == [2, 1, 1]
    (flagged,), (masked,) = flags.taken("documents"), masks.taken("documents")
    assert (flagged.text, flagged.attributes["from"]) == (TEXT, "ann@example.com")
    assert (masked.text, masked.attributes["from"]) == (MASKED, "[e-mail]")
    assert flagged.document_id == masked.document_id == document_id("mail", TEXT)


def test_without_an_objective_there_are_no_rules() -> None:
    rig = Rig(None)
    assert rig.post("annotations", documentId="d", raterId="r", classLabel={"label": "happy", "score": 99}) == (202, "")
    assert rig.post("documents", text=TEXT) == (202, "")
    assert rig.taken("documents")[0].text == TEXT


def test_the_settings_name_the_objective() -> None:
    rig = Rig(None, objective=ROOT / "objective.yaml")
    assert rig.post("annotations", documentId="d", raterId="r", classLabel={"label": "happy"})[0] == 422
