"""Runs as files, and when one is due by itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from support.waiting import until
from towpath.core.errors import NotFoundError
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.training.adapters.store import RunStore
from towpath.training.bootstrap import build
from towpath.training.domain.runs import Run, Step, with_step
from towpath.training.settings import TrainingSettings
from towpath.v1 import Annotation, ClassLabel

ROOT = Path(__file__).parents[3]


def test_a_run_is_read_as_it_was_written_and_listed_newest_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    runs = [Run(run_id=f"run-{n:08x}", reason=str(n)) for n in range(3)]
    for run in runs:
        store.save(run)
    assert store.load("run-00000001") == runs[1]
    assert [run.reason for run in store.all()] == ["2", "1", "0"]


@pytest.mark.parametrize("run_id", ["../x", "run-00000009", "run-", "run-..%2f", "run-0000000g", "run-00000001\n"])
def test_what_is_no_run_is_not_found(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(NotFoundError):
        RunStore(tmp_path).load(run_id)


def test_one_damaged_file_does_not_hide_the_other_runs(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.save(Run(run_id="run-00000001"))
    (tmp_path / "run-00000002").mkdir()
    (tmp_path / "run-00000002" / "run.json").write_text("{")
    assert [run.run_id for run in store.all()] == ["run-00000001"]


def test_a_run_that_its_process_left_is_failed_with_the_reason(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.save(Run(run_id="run-00000001").changed(status="running"))
    store.save(Run(run_id="run-00000002").changed(status="succeeded"))
    store.save(Run(run_id="run-00000003").changed(status="queued"))
    (left,) = store.interrupted(but="run-00000003")
    assert left.run_id == "run-00000001"
    assert left.left(None).status == "failed"
    assert "interrupted" in left.left(None).error


def test_a_step_replaces_its_own_last_state() -> None:
    run = with_step(Run(run_id="run-00000001"), Step(step="train", status="running"))
    run = with_step(run, Step(step="train", status="succeeded", seconds=2))
    assert [(each.step, each.status) for each in run.steps] == [("train", "succeeded")]


def test_with_auto_a_run_starts_when_enough_documents_were_annotated(tmp_path: Path) -> None:
    objective = yaml.safe_load((ROOT / "objective.yaml").read_text())
    objective["contract"]["retraining"]["newAnnotatedDocuments"] = 3
    objective["contract"]["labels"]["minRatersPerDocument"] = 1
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(objective))
    broker, registry, codec = MemoryBroker(), Registry.load("test."), Codec()
    broker.create_topics(registry.specs())
    settings = TrainingSettings(
        home=tmp_path, objective=tmp_path / "objective.yaml", topic_prefix="test.", training_auto=True
    )
    service = build(settings, broker=broker)
    assert service.app is not None
    client, stop = TestClient(service.app), threading.Event()
    watch = threading.Thread(target=service.loops[1], args=(stop,))
    watch.start()

    def annotate(*numbers: int) -> None:
        topic, label = registry.full_name("annotations"), ClassLabel(label="neutral")
        made = [
            Annotation(annotation_id=f"a{n}", document_id=f"d{n}", rater_id="r", class_label=label) for n in numbers
        ]
        with broker.producer(client_id="test") as producer:
            producer.send([codec.encode(each, topic=topic, key=each.document_id) for each in made], timeout_s=5)

    try:
        annotate(1, 2, 2)
        until(lambda: "towpath_training_new_annotated_documents 2.0" in client.get("/metrics").text)
        assert client.get("/v1/runs").json() == []
        annotate(3)
        runs = until(lambda: client.get("/v1/runs").json())
        assert [(run["status"], run["reason"][:27]) for run in runs] == [("queued", "3 newly annotated documents")]
    finally:
        stop.set()
        watch.join(10)
