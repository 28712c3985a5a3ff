"""An alert on real Kafka leads to a run, its gate, a release, and its own acknowledgement; and a restart knows it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from mlflow import MlflowClient

from support.objective import CATS_OR_DOGS
from support.waiting import until
from towpath.core.lineage import read_graph
from towpath.core.stream import Codec, KafkaBroker, Message, Registry, read_history, trace_id_of
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.stages import STAGES
from towpath.training.bootstrap import build
from towpath.training.settings import TrainingSettings
from towpath.v1 import Alert, AlertState, Annotation, ClassLabel, Document, Prediction

pytestmark = pytest.mark.kafka

POLICY = "  retraining: {runCost: 20, expectedDocuments: 100000, minNewDocuments: 250, newAnnotatedDocuments: 1000}\n"
TRACE = "0123456789abcdef" * 2


@contextmanager
def training(home: Path, broker: KafkaBroker, topics: Registry) -> Iterator[TestClient]:
    """The service in this process."""
    settings = TrainingSettings(
        home=home,
        objective=home / "objective.yaml",
        topic_prefix=topics.prefix,
        training_auto=True,
        training_encoder=build_tiny_encoder(home / "encoder").path,
    )
    service, stop = build(settings, broker=broker), threading.Event()
    threads = [threading.Thread(target=loop, args=(stop,)) for loop in service.loops[:2]]
    for thread in threads:
        thread.start()
    assert service.app is not None
    try:
        yield TestClient(service.app)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def send(broker: KafkaBroker, messages: list[Message]) -> None:
    with broker.producer(client_id="test") as producer:
        producer.send(messages, timeout_s=30)


def labelled(topics: Registry, count: int) -> Iterator[Message]:
    for n in range(count):
        kind, words = (("cat", "meow purr whiskers"), ("dog", "woof bark bone"))[n % 2]
        document = Document(document_id=f"doc-{n}", text=f"{words} {n}")
        label = ClassLabel(label=kind)
        annotation = Annotation(annotation_id=f"a-{n}", document_id=f"doc-{n}", rater_id="r", class_label=label)
        for message, topic in ((document, "documents"), (annotation, "annotations")):
            yield Codec().encode(message, topic=topics.full_name(topic), key=f"doc-{n}")


def test_an_alert_with_a_price_becomes_a_release_and_is_acknowledged_with_the_reason(
    tmp_path: Path, broker: KafkaBroker, topics: Registry
) -> None:
    (tmp_path / "objective.yaml").write_text(CATS_OR_DOGS + POLICY)
    alerts = topics.full_name("alerts")
    fired = Alert(
        alert_id="alr-1",
        objective="cats-or-dogs",
        monitor="drift",
        cause="drift/embedding",
        summary="documents are not what they were",
        state=AlertState.ALERT_STATE_FIRING,
        extra_cost_per_thousand=190.0,
        document_ids=["doc-7"],
        trace_id=TRACE,
    )
    send(broker, [*labelled(topics, 60), Codec().encode(fired, topic=alerts, key=fired.objective)])

    def told(monitor: str) -> list[Alert]:
        history = read_history(broker, Codec(), alerts, Alert, client_id="test")
        return [each for each in history if each.monitor == monitor and each.actor == "training"]

    with training(tmp_path, broker, topics) as client:
        (call,) = until(lambda: told("retraining"))
        assert "190 more annotated documents" in call.summary
        assert client.get("/v1/runs").json() == []
        send(broker, list(labelled(topics, 300)))
        run: dict[str, Any] = until(lambda: _finished(client), 240)
        (answered,) = until(lambda: told("drift"))
    assert (run["status"], run["outcome"]) == ("succeeded", "pass"), run
    assert (run["causes"], run["alertIds"], run["traceId"]) == (["drift/embedding"], ["alr-1"], TRACE)
    assert answered.state == AlertState.ALERT_STATE_ACKNOWLEDGED
    assert answered.reason == f"run {run['runId']} started: " + (
        "190 EUR more per 1,000 documents are 19,000 EUR over 100,000, and a run costs 20"
    )
    assert list(answered.document_ids) == ["doc-7"]
    with broker.consumer([topics.full_name("models")], group=None) as reader:
        (record,) = until(lambda: reader.poll(timeout_s=2).records)
    assert trace_id_of(dict(record.headers)["traceparent"].decode()) == TRACE
    _in_one_trace(tmp_path, run["runId"])
    first = Prediction(prediction_id="prd-1", document_id="doc-9", release_id=run["release"]["releaseId"])
    send(broker, [Codec().encode(first, topic=topics.full_name("predictions"), key="doc-9")])
    graph = read_graph(broker, topics, tmp_path)
    chain = {"doc-7", "alr-1", run["runId"], run["release"]["releaseId"], "prd-1", "doc-9"}
    assert chain <= {node["id"] for node in graph.about("alr-1").to_dict()["nodes"]}
    assert chain - {"doc-7"} <= {node["id"] for node in graph.about("prd-1").to_dict()["nodes"]}
    with training(tmp_path, broker, topics) as client:
        found = until(lambda: _looked(client))
        assert [each["outcome"] for each in found["decisions"] if each["runId"]] == ["released"]
        assert found["waiting"] is None
    assert len(told("drift")) == 1


def _in_one_trace(home: Path, run_id: str) -> None:
    """Each line of the pipeline's log, and its run in MLflow."""
    lines = (home / "runs" / run_id / "pipeline.log").read_text().splitlines()
    said = [json.loads(line) for line in lines if line.startswith("{")]
    assert {(each["run_id"], each["trace_id"]) for each in said} == {(run_id, TRACE)}
    assert {each["stage"] for each in said if each["event"] == "pipeline.done"} == set(STAGES)
    client = MlflowClient(tracking_uri=f"sqlite:///{home / 'mlflow.db'}")
    (tracked,) = client.search_runs([client.get_experiment_by_name("cats-or-dogs").experiment_id])
    assert tracked.data.tags["towpath.trace_id"] == TRACE


def _finished(client: TestClient) -> dict[str, Any] | None:
    ended = [run for run in client.get("/v1/runs").json() if run["status"] in ("succeeded", "failed")]
    return ended[0] if ended else None


def _looked(client: TestClient) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get("/v1/retraining").json()
    return found if found["lookedAt"] else None
