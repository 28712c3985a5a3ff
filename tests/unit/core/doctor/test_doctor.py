"""The doctor on the in-memory broker: a well installation, and each thing that can be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from towpath.core.doctor import Doctor, DoctorSettings, Finding, is_well
from towpath.core.doctor.__main__ import line, main
from towpath.core.doctor.http import Answer
from towpath.core.stream import Broker, Codec, MemoryBroker, Message, Registry
from towpath.v1 import Prediction

REGISTRY = Registry.load("test.")
SERVICES = {name: f"http://{name}:9090" for name in ("ingestion", "serving", "monitoring", "training")}
INGESTION = "http://ingestion:8080"
READY = Answer(200, "{}", 0.01)


class Installation:
    """Services that answer what they are told to; what is posted is predicted while `working`."""

    def __init__(self) -> None:
        self.broker: Broker = MemoryBroker()
        self.broker.create_topics(REGISTRY.specs())
        self.answers: dict[str, Answer] = {f"{url}/readyz": READY for url in SERVICES.values()}
        self.answers[f"{INGESTION}/v1/documents"] = Answer(202, "{}", 0.02)
        self.working = True
        self.posted: list[tuple[dict[str, str], Mapping[str, str]]] = []

    def ask(self, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        answer = self.answers[url]
        if body is not None:
            self.posted.append((json.loads(body), headers or {}))
            if answer.status == 202 and self.working:
                self.predict("somebody-elses")
                self.write(Message(REGISTRY.full_name("predictions"), b"not a prediction", b"k"))
                self.predict(self.posted[-1][0]["documentId"])
        return answer

    def predict(self, document_id: str) -> None:
        made = Prediction(prediction_id="prd-1", document_id=document_id, release_id="rel-1")
        made.class_decision.label = "positive"
        self.write(Codec().encode(made, topic=REGISTRY.full_name("predictions"), key=document_id))

    def write(self, message: Message) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send([message], timeout_s=1)

    def doctor(self, wait_s: float = 5.0) -> Doctor:
        return Doctor(self.broker, REGISTRY, "kafka:9092", SERVICES, INGESTION, "key", wait_s, self.ask)

    def findings(self, wait_s: float = 5.0) -> dict[str, Finding]:
        return {each.check: each for each in self.doctor(wait_s).examine()}


@pytest.fixture
def installed() -> Iterator[Installation]:
    made = Installation()
    with made.broker:
        yield made


def not_tried(findings: Mapping[str, Finding]) -> set[str]:
    return {each.check for each in findings.values() if each.state == "not tried"}


def test_a_well_installation_is_well_and_its_path_is_timed(installed: Installation) -> None:
    installed.predict("doctor-of-yesterday")
    found = installed.findings()
    assert {each.state for each in found.values()} == {"ok"}, found
    assert is_well(found.values())
    assert list(found) == [
        "kafka", "topics", *(f"{name} is ready" for name in SERVICES), "document", "prediction", "total",
    ]  # fmt: skip
    assert found["document"].seconds == 0.02
    assert (found["total"].seconds or 0) >= (found["prediction"].seconds or 0) > 0
    assert "positive by rel-1" in found["prediction"].said
    ((document, headers),) = installed.posted
    assert document["source"] == "doctor"
    assert document["documentId"].startswith("doctor-")
    assert headers["X-API-Key"] == "key"


def test_without_kafka_ingestion_is_asked_all_the_same(installed: Installation) -> None:
    assert isinstance(installed.broker, MemoryBroker)
    installed.broker.away = True
    installed.answers[f"{SERVICES['ingestion']}/readyz"] = Answer(503, '{"detail": "kafka: no answer within 2 s"}')
    found = installed.findings()
    assert found["kafka"].state == "failed"
    assert "no Kafka at kafka:9092" in found["kafka"].said
    assert "does not reach Kafka" in found["ingestion is ready"].advice
    assert not_tried(found) == {"topics", "document", "prediction", "total"}
    assert not is_well(found.values())


def test_where_only_we_do_not_reach_kafka_the_document_is_posted(installed: Installation) -> None:
    assert isinstance(installed.broker, MemoryBroker)
    installed.working = False
    installed.broker.away = True
    found = installed.findings()
    assert found["document"].state == "ok"
    assert not_tried(found) == {"topics", "prediction", "total"}


def test_missing_and_changed_topics_are_told_apart() -> None:
    bare = Installation()
    bare.broker = MemoryBroker()
    changed = [
        replace(spec, partitions=1) if spec.name == "test.documents" else spec
        for spec in REGISTRY.specs()
        if spec.name != "test.models"
    ]
    bare.broker.create_topics(changed)
    assert bare.findings()["topics"].state == "failed"
    assert "test.models" in bare.findings()["topics"].said
    bare.broker.create_topics(REGISTRY.specs())
    found = bare.findings()
    assert found["topics"].state == "warning"
    assert "test.documents: partitions is 1, not 6" in found["topics"].said
    assert is_well(found.values())


def test_workers_without_a_model_are_told_and_no_prediction_is_awaited(installed: Installation) -> None:
    detail = "model: no release on the models topic yet: train one (towpath train)"
    installed.answers[f"{SERVICES['serving']}/readyz"] = Answer(503, json.dumps({"detail": detail}))
    installed.working = False
    found = installed.findings(wait_s=300)
    assert found["serving is ready"].state == "failed"
    assert detail in found["serving is ready"].said
    assert "train one" in found["serving is ready"].advice
    assert found["document"].state == "ok"
    assert not_tried(found) == {"prediction", "total"}


def test_a_worker_that_is_ready_and_does_not_work_is_found_out(installed: Installation) -> None:
    installed.working = False
    found = installed.findings(wait_s=0.05)
    assert found["prediction"].state == "failed"
    assert "no prediction within 0.05 s" in found["prediction"].said
    assert "towpath_serving_lag_documents" in found["prediction"].advice
    assert not_tried(found) == {"total"}


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (Answer(None, "[Errno 111] Connection refused"), "kubectl get pods -l app.kubernetes.io/component=ingestion"),
        (Answer(None, "[Errno -2] Name or service not known"), "no such host"),
        (Answer(None, "timed out"), "towpath.io/client"),
        (Answer(401, '{"detail": "no key"}'), "TOWPATH_DOCTOR_API_KEY"),
        (Answer(404, "<html>"), "TOWPATH_DOCTOR_INGESTION_URL"),
        (Answer(422, '{"detail": "text: too long"}'), "same version"),
        (Answer(503, '{"detail": "Kafka did not acknowledge"}'), "Kafka does not acknowledge"),
    ],
)
def test_a_document_that_is_not_taken_says_why(installed: Installation, answer: Answer, advice: str) -> None:
    installed.answers[f"{INGESTION}/v1/documents"] = answer
    found = installed.findings()
    assert found["document"].state == "failed"
    assert advice in found["document"].advice
    assert not_tried(found) == {"prediction", "total"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(None, "[Errno 111] Connection refused"), "is training up"),
        (Answer(404, "{}"), "(ops)"),
        (Answer(503, "no healthy upstream"), "running pod"),
        (Answer(503, '["detail"]'), "running pod"),
        (Answer(503, '{"detail": "kafka: Kafka forbids User:training to use topic t"}'), "--acls"),
        (Answer(503, '{"detail": "kafka: Kafka does not know User:x by this password"}'), "SASL_USERNAME of training"),
        (Answer(503, '{"detail": "something else"}'), "see the log of training"),
    ],
)
def test_a_service_that_is_not_ready_says_why(installed: Installation, answer: Answer, said: str) -> None:
    installed.answers[f"{SERVICES['training']}/readyz"] = answer
    found = installed.findings()
    assert found["training is ready"].state == "failed"
    assert said in found["training is ready"].advice
    assert found["prediction"].state == "ok", "the path does not need training"


def test_settings_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOWPATH_DOCTOR_SERVICES", "a=http://a:1/,b=https://b")
    monkeypatch.setenv("TOWPATH_DOCTOR_API_KEY", "k")
    settings = DoctorSettings()
    assert settings.services == {"a": "http://a:1", "b": "https://b"}
    assert settings.doctor_api_key is not None
    with pytest.raises(ValidationError):
        DoctorSettings(doctor_ingestion_url="file:///etc/passwd")
    assert main(["--services", "serving"]) == 2
    assert "TOWPATH_DOCTOR_SERVICES: Value error, name=url" in capsys.readouterr().err


@pytest.mark.parametrize("make", [lambda text: Finding("x", "failed", text), lambda text: Finding("x", "ok", "", text)])
def test_a_line_stays_one_line_whatever_an_answer_brings(make: Callable[[str], Finding]) -> None:
    assert line(make("a\nb\x1b[2J")).isprintable()
