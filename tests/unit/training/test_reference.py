"""What a release is watched by is with it wherever it comes to reign, and with nobody who only wants to see it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from google.protobuf import json_format

from support.waiting import until
from towpath.core.service import StoreSettings
from towpath.core.store import open_store
from towpath.core.stream import Codec, MemoryBroker, Registry, read_history
from towpath.training.adapters.store import RunStore
from towpath.training.bootstrap import build
from towpath.training.domain.online.head import Weights
from towpath.training.domain.online.learner import Version
from towpath.training.domain.online.releases import back_to, online_release, static_of
from towpath.training.domain.runs import Run
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease, Reference, Rollout

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"


def reference(n: int) -> Reference:
    return Reference(documents=2, sketches=bytes([n] * 32), tokens=[n, 3], unknown_tokens=[0, 1], classes=["a", "b"],
                     probabilities=[0.25, 0.75, 0.5, 0.5], truths=[1, 0])  # fmt: skip


def release(n: int) -> ModelRelease:
    return ModelRelease(
        release_id=f"rel-{n}", model_name="tweet-sentiment", run_id=f"run-0000000{n}", reference=reference(n)
    )


class Rig:
    """Training in this process, whose runs give rel-0, rel-1 and so on; each reigns at once."""

    def __init__(self, home: Path) -> None:
        self.broker, self.registry, self.runs = MemoryBroker(), Registry.load("test."), 0
        self.broker.create_topics(self.registry.specs())
        settings = TrainingSettings(home=home, objective=OBJECTIVE, topic_prefix="test.")
        self.service = build(
            settings, broker=self.broker, promote=lambda *_: None, challenge=lambda *_: None, launch=self._run
        )
        assert self.service.app is not None
        self.client = TestClient(self.service.app)

    def _run(self, arguments: Sequence[str], log: Path, on_step: Any, stop: threading.Event) -> dict[str, Any]:
        told = {"outcome": "pass", "explanation": "e", "metrics": {}, "comparisons": [], "snapshot_id": "sha256:a"}
        made = release(self.runs)
        made.run_id = arguments[arguments.index("--run-id") + 1]
        self.runs += 1
        return {**told, "report": "r", "release": json_format.MessageToDict(made)}

    def train(self) -> dict[str, Any]:
        stop = threading.Event()
        loop = threading.Thread(target=self.service.loops[0], args=(stop,))
        place = self.client.post("/v1/runs").headers["Location"]
        loop.start()
        try:
            until(lambda: self.client.get(place).json()["status"] in ("succeeded", "failed"), 20)
        finally:
            stop.set()
            loop.join(10)
        run: dict[str, Any] = self.client.get(place).json()
        assert run["status"] == "succeeded", run["error"]
        return run

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/v1/rollouts{path}", json=body)
        assert answer.status_code == 200, answer.text
        decided: dict[str, Any] = answer.json()
        return decided

    def reigning(self) -> ModelRelease:
        topic = self.registry.full_name("models")
        return list(read_history(self.broker, Codec(), topic, ModelRelease, client_id="test"))[-1]

    def tried(self) -> Rollout:
        topic = self.registry.full_name("rollouts")
        return list(read_history(self.broker, Codec(), topic, Rollout, client_id="test"))[-1]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_it_is_with_a_release_when_it_reigns_when_it_is_tried_and_when_one_goes_back_to_it(rig: Rig) -> None:
    shown: list[Any] = [rig.train(), rig.train()]
    assert rig.reigning().reference == reference(1)
    assert rig.reigning().previous.reference == reference(0)
    shown.append(rig.ask("/rollback"))
    assert rig.reigning().reference == reference(0)
    shown += [rig.ask("", mode="shadow", releaseId="rel-1"), rig.client.get("/v1/releases").json()]
    assert rig.tried().challenger.reference == reference(1)
    shown += [rig.ask("/promote"), rig.client.get("/v1/releases").json(), rig.client.get("/v1/runs").json()]
    assert rig.reigning().reference == reference(1)
    # A thousand rows a release are no answer to whoever asks what reigns.
    assert "sketches" not in str(shown)
    assert all("rel-1" in str(each) for each in shown[1:])


def test_a_release_that_only_a_run_knows_has_it_too(rig: Rig, tmp_path: Path) -> None:
    rig.train()
    store = RunStore(tmp_path / "runs")
    (run,) = store.all()
    made = json_format.MessageToDict(release(7))
    del made["reference"]
    store.save(run.changed(run_id="run-00000007", release=made))
    store.keep_reference("run-00000007", reference(7))
    rig.ask("", mode="shadow", releaseId="rel-7")
    assert rig.tried().challenger.reference == reference(7)


def test_one_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert store.reference("run-00000001") is None
    store.keep_reference("run-00000001", reference(1))
    assert store.reference("run-00000001") == reference(1)
    (tmp_path / "run-00000001" / "reference.binpb").write_bytes(b"\xff\xff")
    assert store.reference("run-00000001") is None


def test_it_outlives_the_disk_with_its_run(tmp_path: Path) -> None:
    remote = open_store(StoreSettings(url=(tmp_path / "store").as_uri()))
    store, other = RunStore(tmp_path / "a", remote), RunStore(tmp_path / "b", remote)
    store.keep_reference("run-00000001", reference(1))
    for n in (1, 2):
        store.save(Run(run_id=f"run-0000000{n}", status="succeeded"))
    other.restore()
    assert {each.run_id for each in other.all()} == {"run-00000001", "run-00000002"}
    assert other.reference("run-00000001") == reference(1)
    assert other.reference("run-00000002") is None


def test_an_online_head_is_watched_by_what_is_still_true_of_it() -> None:
    version = Version(Weights(np.zeros((2, 4)), np.zeros(2)), learned=500, online_cost=0.1, static_cost=0.2)
    made = online_release(
        release(0), version, release_id="rel-9", uri="file:///b", sha256="0", code_revision="", unit="EUR"
    )
    assert made.reference.sketches == reference(0).sketches
    assert list(made.reference.tokens) == [0, 3]
    assert list(made.reference.truths) == [1, 0]
    assert not made.reference.probabilities
    assert back_to(static_of(made)).reference == reference(0)
    static = release(0)
    static.ClearField("reference")
    made = online_release(static, version, release_id="rel-9", uri="", sha256="", code_revision="", unit="EUR")
    assert not made.HasField("reference")
