"""Where a prediction came from, and what came of a document: read from the topics, walked in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.message import Message as Proto
from google.protobuf.timestamp_pb2 import Timestamp

from towpath.core.errors import NotFoundError
from towpath.core.lineage import Graph, read_graph
from towpath.core.store import Store
from towpath.core.stream import Codec, MemoryBroker, Message, Registry
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
)

REGISTRY = Registry.load("test.")


@pytest.fixture(params=["home", "store"])
def graph(tmp_path: Path, request: pytest.FixtureRequest) -> Graph:
    """Two documents of one snapshot, one release, a prediction of a third document, feedback on it."""
    broker, codec = MemoryBroker(), Codec()
    broker.create_topics(REGISTRY.specs())
    sent: list[tuple[str, Proto]] = [
        *(("documents", Document(document_id=f"doc-{n}", text=f"text {n}")) for n in (1, 2, 3)),
        *(
            ("annotations", Annotation(annotation_id=f"ann-{n}", document_id=f"doc-{n}", rater_id="r",
                                       class_label=ClassLabel(label="cat")))
            for n in (1, 2)
        ),
        ("models", ModelRelease(release_id="rel-1", model_name="m", run_id="run-1", snapshot_id="sha256:a",
                                objective_hash="obj-1")),
        *(("rollouts", Rollout(rollout_id="rol-1", champion_release_id="rel-1", mode=mode, reason=reason,
                               challenger=ModelRelease(release_id="rel-2", run_id="run-2")))
          for mode, reason in ((RolloutMode.ROLLOUT_MODE_SHADOW, "guide 2"), (RolloutMode.ROLLOUT_MODE_ENDED, "dearer"))
        ),
        ("predictions", Prediction(prediction_id="prd-3", document_id="doc-3", release_id="rel-1", rollout_id="rol-1")),
        *(("predictions", Prediction(prediction_id=f"prd-{n}", document_id=f"doc-{n}", release_id="rel-2",
                                     created_at=Timestamp(seconds=9 - n))) for n in (1, 2)),
        *(("alerts", Alert(alert_id="alr-1", cause="drift/length", summary="longer", state=state, release_id="rel-1",
                           document_ids=["doc-3"]))
          for state in (AlertState.ALERT_STATE_FIRING, AlertState.ALERT_STATE_ACKNOWLEDGED)),
        ("alerts", Alert(alert_id="sil-1", cause="drift/", state=AlertState.ALERT_STATE_SILENCED)),
        ("feedback", Feedback(feedback_id="fb-3", document_id="doc-3", source="agent")),
    ]  # fmt: skip
    messages = [codec.encode(each, topic=REGISTRY.full_name(topic), key="k") for topic, each in sent]
    messages.append(Message(REGISTRY.full_name("documents"), b"poison"))
    with broker.producer(client_id="test") as producer:
        producer.send(messages, timeout_s=5)
    snapshot = tmp_path / "snapshots" / "a"
    snapshot.mkdir(parents=True)
    (snapshot / "snapshot.json").write_text('{"id": "sha256:a", "documents": 2, "annotations": 2}')
    (snapshot / "annotations.txt").write_text("ann-1\nann-2\n")
    for name, about in (("run-2", '{"runId": "run-2", "alertIds": ["alr-1"], "reason": "dear"}'), ("run-3", "{")):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text(about)
    if request.param == "home":
        return read_graph(broker, REGISTRY, tmp_path)
    (tmp_path / "snapshots" / "half").mkdir()
    return read_graph(broker, REGISTRY, tmp_path / "elsewhere", Store.open(tmp_path.as_uri()))


def ids(graph: Graph) -> set[str]:
    return {node["id"] for node in graph.to_dict()["nodes"]}


def test_a_prediction_leads_to_its_document_release_run_objective_and_data(graph: Graph) -> None:
    assert ids(graph.about("prd-3")) >= {"prd-3", "doc-3", "rel-1", "run-1", "obj-1", "sha256:a", "fb-3"}


def test_other_documents_of_the_same_snapshot_are_not_a_predictions_lineage(graph: Graph) -> None:
    assert not ids(graph.about("prd-3")) & {"doc-1", "doc-2", "ann-1", "ann-2"}


def test_a_prediction_leads_to_the_rollout_during_which_it_was_made_and_that_to_who_was_tried(graph: Graph) -> None:
    found = graph.about("prd-3")
    assert found.node("rol-1").about == "ended: dearer"
    assert ids(found) >= {"rel-1", "rel-2", "run-2"}
    assert "rol-1" in ids(graph.about("rel-2"))


def test_an_alert_leads_from_the_documents_that_show_it_to_the_release_that_came_of_it(graph: Graph) -> None:
    found = graph.about("alr-1")
    assert found.node("alr-1").about == "drift/length: longer"
    assert ids(found) >= {"doc-3", "rel-1", "run-2", "rel-2"}
    assert {"prd-1", "prd-2", "prd-3"} & ids(found) == {"prd-2", "prd-3"}, "the new release's first, the document's own"
    assert ids(graph.about("prd-2")) >= {"rel-2", "run-2", "alr-1"}
    assert "alr-1" in ids(graph.about("rel-2"))
    assert "alr-1" in ids(graph.about("doc-3"))
    assert not ids(graph.about("rel-2")) & {"doc-3", "sil-1"}


def test_a_document_leads_to_the_snapshots_that_hold_it(graph: Graph) -> None:
    found = ids(graph.about("doc-1"))
    assert found >= {"doc-1", "ann-1", "sha256:a"}
    assert not found & {"doc-2", "ann-2", "doc-3"}


def test_asked_about_itself_a_snapshot_shows_what_is_in_it(graph: Graph) -> None:
    assert ids(graph.about("sha256:a")) >= {"ann-1", "ann-2", "doc-1", "doc-2", "run-1"}


def test_an_unknown_id_is_told_so(graph: Graph) -> None:
    with pytest.raises(NotFoundError, match="'doc-9' is no document"):
        graph.about("doc-9")
