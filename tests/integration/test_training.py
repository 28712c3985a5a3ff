"""Training on real Kafka: from annotated documents to a release, in the direct runner and in kfp.local."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from support.objective import CATS_OR_DOGS
from support.waiting import until
from towpath.core.lineage import read_graph
from towpath.core.stream import Codec, KafkaBroker, Message, Registry
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.kfp.compile import COMPILED, compile_to
from towpath.training.bootstrap import build
from towpath.training.settings import TrainingSettings
from towpath.v1 import Annotation, ClassLabel, Document, ModelRelease

pytestmark = pytest.mark.kafka


class Rig:
    """The service in this process, its loop in a thread."""

    def __init__(
        self, home: Path, broker: KafkaBroker, topics: Registry, runner: str, *, cold_start: bool = False
    ) -> None:
        self.home, self.broker, self.topics = home, broker, topics
        (home / "objective.yaml").write_text(CATS_OR_DOGS)
        settings = TrainingSettings(
            home=home,
            objective=home / "objective.yaml",
            topic_prefix=topics.prefix,
            training_runner=runner,  # type: ignore[arg-type]
            training_cold_start=cold_start,
            training_encoder=build_tiny_encoder(home / "encoder").path,
        )
        service = build(settings, broker=broker)
        assert service.app is not None
        self.client, self.stop = TestClient(service.app), threading.Event()
        self.thread = threading.Thread(target=service.loops[0], args=(self.stop,), daemon=True)
        self.thread.start()

    def feed(self, count: int, *, noise: bool = False) -> None:
        messages: list[Message] = []
        for n in range(count):
            kind = ("cat", "dog")[n % 2]
            words = "meow purr whiskers" if (kind == "cat") != (noise and n % 3 == 0) else "woof bark bone"
            document = Document(document_id=f"doc-{n}", text=f"{words} {n}")
            label = ClassLabel(label=kind)
            annotation = Annotation(annotation_id=f"a-{n}", document_id=f"doc-{n}", rater_id="r", class_label=label)
            for message, topic in ((document, "documents"), (annotation, "annotations")):
                messages.append(Codec().encode(message, topic=self.topics.full_name(topic), key=f"doc-{n}"))
        with self.broker.producer(client_id="test") as producer:
            producer.send([*messages, Message(self.topics.full_name("documents"), b"poison")], timeout_s=30)

    def run(self) -> dict[str, Any]:
        answer = until(self._started)
        assert self.client.post("/v1/runs").status_code == 409, "one at a time"
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            run: dict[str, Any] = self.client.get(answer.headers["Location"]).json()
            if run["status"] in ("succeeded", "failed"):
                while self.thread.is_alive() and self.client.get("/v1/runs").json()[0]["status"] == "running":
                    time.sleep(0.05)
                return run
            time.sleep(0.1)
        raise AssertionError("the run did not end")

    def _started(self) -> httpx.Response | None:
        """None for the moment in which the run before has ended, but is not put away."""
        answer = self.client.post("/v1/runs", json={"reason": "test"})
        return answer if answer.status_code == 202 else None

    def releases(self) -> list[ModelRelease]:
        with self.broker.consumer([self.topics.full_name("models")], group=None) as reader:
            records = list(reader.poll(timeout_s=2).records)
        return [Codec().decode(record, ModelRelease).message for record in records]

    def close(self) -> None:
        self.stop.set()
        self.thread.join(10)


@pytest.mark.parametrize("runner", ["direct", "kfp-local"])
def test_annotated_documents_become_a_release(
    tmp_path: Path, broker: KafkaBroker, topics: Registry, runner: str
) -> None:
    rig = Rig(tmp_path, broker, topics, runner)
    assert rig.client.get("/v1/runs/..%2f..%2fetc").status_code == 404
    rig.feed(300)
    run = rig.run()
    assert run["status"] == "succeeded", run["error"]
    assert run["outcome"] == "pass", run["explanation"]
    (release,) = rig.releases()
    bundle = tmp_path / "bundles" / release.release_id
    model = Model.load(bundle, sha256=release.bundle_sha256)
    assert [each.label for each in model.predict(["meow purr", "woof bark"])] == ["cat", "dog"]
    assert (release.run_id, release.snapshot_id) == (run["runId"], run["snapshotId"])
    assert Path(run["report"]).exists()
    graph = read_graph(broker, topics, tmp_path)
    kinds = {node["kind"] for node in graph.about("doc-7").to_dict()["nodes"]}
    assert kinds == {"document", "annotation"} | ({"snapshot"} if kinds & {"snapshot"} else set())
    assert {n["kind"] for n in graph.about(release.release_id).to_dict()["nodes"]} >= {"release", "run", "objective"}
    rig.close()


def test_a_candidate_replaces_the_cold_start_and_the_same_data_again_give_the_same_model_which_does_not_beat_it(
    tmp_path: Path, broker: KafkaBroker, topics: Registry
) -> None:
    rig = Rig(tmp_path, broker, topics, "direct", cold_start=True)
    (cold,) = until(rig.releases)
    rig.feed(300, noise=True)
    first = rig.run()
    assert first["outcome"] == "pass", first
    assert [each["baseline"] for each in first["comparisons"]] == ["majority"]
    assert first["release"]["previousReleaseId"] == cold.release_id
    second = rig.run()
    assert second["outcome"] == "fail", second
    assert second["snapshotId"] == first["snapshotId"]
    assert second["metrics"] == first["metrics"]
    assert f"the reigning {first['release']['releaseId']}" in second["explanation"]
    assert len(rig.releases()) == 2
    rig.close()


def test_too_few_documents_are_not_enough_data(tmp_path: Path, broker: KafkaBroker, topics: Registry) -> None:
    rig = Rig(tmp_path, broker, topics, "direct")
    rig.feed(40)
    run = rig.run()
    assert (run["status"], run["outcome"], run["release"]) == ("succeeded", "not enough data", None)
    assert "40 of 100 wanted" in run["explanation"]
    assert rig.releases() == []
    rig.close()


def test_the_committed_kubeflow_pipeline_is_what_the_code_compiles_to(tmp_path: Path) -> None:
    compile_to(tmp_path / "training.yaml")
    assert COMPILED.read_text() == (tmp_path / "training.yaml").read_text(), "run `make compile`"
