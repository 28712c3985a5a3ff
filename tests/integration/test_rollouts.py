"""Training, serving and monitoring on one broker: feedback alone promotes the better challenger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient
from google.protobuf import json_format
from google.protobuf.message import Message as ProtoMessage

from support.waiting import until
from towpath.core.stream import Codec, MemoryBroker, Registry, read_history
from towpath.model import release_id_of
from towpath.model.build import Head
from towpath.model.build.rehead import head_of, rehead
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.bundle import read_bundle
from towpath.monitoring import bootstrap as monitoring
from towpath.monitoring.settings import MonitoringSettings
from towpath.serving import bootstrap as serving
from towpath.serving.settings import ServingSettings
from towpath.training import bootstrap as training
from towpath.training.settings import TrainingSettings
from towpath.v1 import ClassLabel, Document, Feedback, ModelRelease, Prediction, Rollout, RolloutMode, RolloutOutcome

OBJECTIVE = Path(__file__).parents[2] / "objective.yaml"
CLASSES = ("negative", "neutral", "positive")
NAME = "tweet-sentiment"


class Installation:
    """Three services as their composition roots make them, on a broker in memory; pipelines that give what is told."""

    def __init__(self, home: Path, start: str) -> None:
        self.home, self.broker, self.registry, self.codec = home, MemoryBroker(), Registry.load(), Codec()
        self.broker.create_topics(self.registry.specs())
        objective = yaml.safe_load(OBJECTIVE.read_text())
        objective["contract"]["delivery"]["rollout"] = {"start": start, "share": 0.5, "minDocuments": 30}
        (home / "objective.yaml").write_text(yaml.safe_dump(objective))
        self.plain = read_bundle(build_tiny_bundle(home / "tiny"))
        (home / "bundles").mkdir()
        self.numbers, self.stop, self.next = count(), threading.Event(), ModelRelease()
        common: dict[str, Any] = {"home": home, "objective": home / "objective.yaml"}
        trains = training.build(TrainingSettings(**common), broker=self.broker, launch=self._launch)
        watches = monitoring.build(MonitoringSettings(**common), broker=self.broker)
        serves = serving.build(ServingSettings(home=home, serving_threads=1), broker=self.broker)
        assert trains.app is not None
        self.api = TestClient(trains.app)
        self.threads = [self._thread(loop) for each in (trains, watches, serves) for loop in each.loops]

    def _thread(self, loop: Any) -> threading.Thread:
        thread = threading.Thread(target=loop, args=(self.stop,))
        thread.start()
        return thread

    def _launch(self, *_: Any) -> dict[str, Any]:
        return {"release": json_format.MessageToDict(self.next), "outcome": "pass", "explanation": "", "metrics": {},
                "comparisons": [], "snapshot_id": "", "report": ""}  # fmt: skip

    def train(self, always: str) -> str:
        """Release a model that says `always` of everything; returns its id."""
        head = head_of(self.plain)
        biased = Head(np.zeros_like(head.coef), np.array([9.0 * (each == always) for each in CLASSES]))
        made = rehead(self.plain, self.home / "bundles" / always, biased)
        bundle = read_bundle(made)
        self.next = ModelRelease(
            release_id=release_id_of(bundle.sha256),
            model_name=NAME,
            bundle_uri=made.resolve().as_uri(),
            bundle_sha256=bundle.sha256,
        )
        url = self.api.post("/v1/runs").headers["Location"]
        until(lambda: self.api.get(url).json()["status"] in ("succeeded", "failed"))
        assert self.api.get(url).json()["status"] == "succeeded", self.api.get(url).json()["error"]
        return self.next.release_id

    def live(self, truth: str) -> None:
        """Twenty documents come, and somebody says what they are."""
        numbers = [next(self.numbers) for _ in range(20)]
        self.send("documents", [Document(document_id=f"d{n}", text=f"text {n}") for n in numbers])
        label = ClassLabel(label=truth)
        self.send("feedback", [Feedback(feedback_id=f"f{n}", document_id=f"d{n}", class_label=label) for n in numbers])

    def send(self, topic: str, messages: list[Any]) -> None:
        name = self.registry.full_name(topic)
        with self.broker.producer(client_id="test") as producer:
            producer.send([self.codec.encode(each, topic=name, key=each.document_id) for each in messages], timeout_s=5)

    def on(self, topic: str, kind: type[ProtoMessage]) -> list[Any]:
        return list(read_history(self.broker, self.codec, self.registry.full_name(topic), kind, client_id="test"))

    def until_live(self, found: Any, truth: str) -> Any:
        """What `found` gives once it is true, while documents keep coming."""

        def look() -> Any:
            self.live(truth)
            return found()

        return until(look)

    def releases(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.api.get("/v1/releases").json()
        return answer

    def reigns(self) -> str:
        return str(self.releases()["reigning"]["releaseId"])

    def ended(self) -> Rollout | None:
        last: Rollout = self.on("rollouts", Rollout)[-1]
        return last if last.mode == RolloutMode.ROLLOUT_MODE_ENDED else None

    def close(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(20)


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    made = Installation(tmp_path, request.param)
    yield made
    made.close()


@pytest.mark.parametrize("installation", ["shadow"], indirect=True)
def test_a_better_challenger_goes_from_shadow_to_canary_to_reigning_by_feedback_alone(
    installation: Installation,
) -> None:
    champion = installation.train("negative")
    assert installation.reigns() == champion  # the first reigns at once
    challenger = installation.train("positive")
    assert installation.reigns() == champion
    ended = installation.until_live(installation.ended, truth="positive")
    assert ended.outcome == RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED
    assert ended.evidence["upper"] < 0
    assert ended.reason
    modes = [each.mode for each in installation.on("rollouts", Rollout)]
    assert modes == [
        RolloutMode.ROLLOUT_MODE_SHADOW,
        RolloutMode.ROLLOUT_MODE_CANARY,
        RolloutMode.ROLLOUT_MODE_ENDED,
    ]
    known = installation.releases()
    assert (known["reigning"]["releaseId"], known["previous"]["releaseId"]) == (challenger, champion)

    def answered() -> list[Prediction]:
        made = installation.on("predictions", Prediction)
        return made if made and made[-1].release_id == challenger and not made[-1].rollout_id else []

    predictions = installation.until_live(answered, truth="positive")
    assert len({each.document_id for each in predictions}) == len(predictions)
    assert {each.shadow.release_id for each in predictions if each.HasField("shadow")} == {challenger}
    installation.api.post("/v1/rollouts/rollback").raise_for_status()
    assert installation.reigns() == champion


@pytest.mark.parametrize("installation", ["canary"], indirect=True)
def test_a_worse_challenger_is_taken_back_by_feedback_alone(installation: Installation) -> None:
    champion = installation.train("negative")
    challenger = installation.train("positive")
    running = installation.releases()["rollout"]
    assert (running["challenger"]["releaseId"], running["mode"]) == (challenger, "ROLLOUT_MODE_CANARY")
    ended = installation.until_live(installation.ended, truth="negative")
    assert ended.outcome == RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK
    assert ended.evidence["lower"] > 0
    assert installation.reigns() == champion
