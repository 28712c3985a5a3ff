"""What a run is given: paths on a home that is shared, URLs where there is a store; and which alias is mended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from towpath.core.service import StoreSettings
from towpath.core.store import forget, store_or_home
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.training.adapters.releases import Releases
from towpath.training.bootstrap import build
from towpath.training.settings import TrainingSettings
from towpath.v1 import Annotation, ClassLabel, Document, ModelRelease

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
REIGNING = ModelRelease(release_id="rel-1", model_name="tweet-sentiment", run_id="run-1", snapshot_id="sha256:a")
RESULT = {"release": None, "outcome": "fail", "explanation": "", "metrics": {}, "comparisons": [], "snapshot_id": "",
          "report": ""}  # fmt: skip


class Rig:
    """The service in this process, with a document, its annotation and a release; what it would launch is kept."""

    def __init__(self, home: Path, store: StoreSettings) -> None:
        registry, codec, broker = Registry.load("test."), Codec(), MemoryBroker()
        broker.create_topics(registry.specs())
        annotation = Annotation(annotation_id="a-1", document_id="d-1", class_label=ClassLabel(label="neutral"))
        with broker.producer(client_id="test") as producer:
            producer.send(
                [
                    codec.encode(each, topic=registry.full_name(topic), key="d-1")
                    for topic, each in (
                        ("documents", Document(document_id="d-1", text="t")),
                        ("annotations", annotation),
                    )
                ],
                timeout_s=5,
            )
        Releases(broker, codec, registry).publish(REIGNING)
        self.launched: list[list[str]] = []
        self.challenged: list[ModelRelease | None] = []
        self.promoted: list[str] = []
        settings = TrainingSettings(home=home, objective=OBJECTIVE, topic_prefix="test.", store=store)
        service = build(settings, broker=broker, launch=self.launch, promote=self.promote, challenge=self.challenge)
        assert service.app is not None
        self.client, self.stop = TestClient(service.app), threading.Event()
        # Who trains, and who moves aliases.
        self.threads = [threading.Thread(target=service.loops[n], args=(self.stop,)) for n in (0, -2)]

    def launch(self, arguments: Any, *_: Any) -> dict[str, Any]:
        self.launched.append(list(arguments))
        return RESULT

    def promote(self, _: Path, release: ModelRelease) -> None:
        self.promoted.append(release.release_id)

    def challenge(self, _: Path, name: str, release: ModelRelease | None) -> None:
        self.challenged.append(release)

    def run(self, **asked: str) -> dict[str, Any]:
        url = self.client.post("/v1/runs", json=asked).headers["Location"]
        until(lambda: self.client.get(url).json()["status"] in ("succeeded", "failed"))
        run: dict[str, Any] = self.client.get(url).json()
        return run

    def __enter__(self) -> Rig:
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for each in self.threads:
            each.join(20)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def after(arguments: list[str], name: str) -> str:
    return arguments[arguments.index(name) + 1]


def test_with_a_store_the_run_is_given_urls_of_what_lies_there(tmp_path: Path, s3: Any) -> None:
    with Rig(tmp_path, s3.settings("towpath")) as rig:
        run = rig.run()
    assert run["status"] == "succeeded", run["error"]
    (arguments,), store = rig.launched, s3.store("towpath")
    assert after(arguments, "--store") == store.url.url
    for name, said in (("--documents", b"d-1"), ("--annotations", b"a-1"), ("--reigning", b"rel-1")):
        assert said in store.read(store.url.key(after(arguments, name)), max_bytes=10_000)


def test_a_run_whose_store_is_away_fails_and_says_so(tmp_path: Path, s3: Any) -> None:
    s3.stop()
    with Rig(tmp_path, s3.settings("towpath")) as rig:
        run = rig.run()
    assert (run["status"], rig.launched) == ("failed", [])
    assert "the store s3://" in run["error"]


def test_without_a_store_the_run_is_given_paths_of_the_home(tmp_path: Path) -> None:
    with Rig(tmp_path, StoreSettings()) as rig:
        run = rig.run()
    (arguments,) = rig.launched
    assert after(arguments, "--documents") == str(tmp_path / "runs" / run["runId"] / "documents.ndjson")
    assert "--store" not in arguments


def test_a_run_on_a_snapshot_takes_nothing_from_kafka(tmp_path: Path) -> None:
    snapshot = "sha256:" + "7a" * 32
    with Rig(tmp_path, StoreSettings()) as rig:
        assert rig.client.post("/v1/runs", json={"snapshotId": "baseline"}).status_code == 422
        run = rig.run(snapshotId=snapshot)
    (arguments,) = rig.launched
    assert after(arguments, "--snapshot") == snapshot
    assert "--documents" not in arguments
    assert not (tmp_path / "runs" / run["runId"] / "documents.ndjson").exists()


def test_a_run_is_given_nothing_of_a_document_that_was_forgotten(tmp_path: Path) -> None:
    forget(store_or_home(None, tmp_path), "d-1", at="2026-11-30T12:00:00+00:00", by="me")
    with Rig(tmp_path, StoreSettings()) as rig:
        run = rig.run()
    assert run["steps"][0]["detail"] == "0 documents, 0 annotations on Kafka"
    for name in ("documents", "annotations"):
        assert (tmp_path / "runs" / run["runId"] / f"{name}.ndjson").read_text() == ""


@pytest.mark.parametrize("tracked", ["server", "file", "nowhere"])
def test_at_the_start_the_alias_is_mended_where_runs_are_tracked(
    tmp_path: Path, tracked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000" if tracked == "server" else "")
    if tracked == "file":
        (tmp_path / "mlflow.db").touch()
    with Rig(tmp_path, StoreSettings()) as rig:
        rig.run()
    assert rig.promoted == ([] if tracked == "nowhere" else ["rel-1"])


def test_a_run_has_the_encoder_that_was_asked_for_else_the_settings(tmp_path: Path) -> None:
    asked = "enc-" + "a1" * 13
    with Rig(tmp_path, StoreSettings()) as rig:
        assert rig.run(encoder=asked)["encoder"] == asked
        assert rig.run()["encoder"] == ""
        assert rig.client.post("/v1/runs", json={"encoder": "../../etc"}).status_code == 422
    first, second = rig.launched
    assert first[first.index("--encoder") + 1] == asked
    assert "--encoder" not in second
