"""An installation that has not trained yet predicts all the same, and says that it knows nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml

from support.waiting import until
from towpath.core.lineage import read_graph
from towpath.core.objective import load_objective
from towpath.core.service import Backoff
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.cold_start import explain, make_release
from towpath.pipelines.inputs import RunInputs
from towpath.pipelines.runner import prepare
from towpath.pipelines.stages import Work
from towpath.pipelines.tracking import promote
from towpath.training.adapters.releases import Releases
from towpath.training.bootstrap import build
from towpath.training.cold_start import ColdStart
from towpath.training.settings import TrainingSettings
from towpath.v1 import GateOutcome, ModelRelease, Prediction

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
RELEASE = ModelRelease(release_id="rel-cold", model_name="tweet-sentiment")


class Rig:
    """An empty installation in memory, and how often a release was made in it."""

    def __init__(self, home: Path) -> None:
        self.broker, self.registry, self.made = MemoryBroker(), Registry.load("test."), 0
        self.releases = Releases(self.broker, Codec(), self.registry)
        self.settings = TrainingSettings(home=home, objective=OBJECTIVE, topic_prefix="test.", training_cold_start=True)
        self.stop = threading.Event()

    def create_topics(self) -> None:
        self.broker.create_topics(self.registry.specs())

    def make(self, _: threading.Event) -> ModelRelease:
        self.made += 1
        return RELEASE

    def cold_start(self) -> ColdStart:
        return ColdStart(self.releases, self.settings, self.make, Backoff(cap_s=0.001))

    def published(self) -> int:
        with self.broker.consumer([self.releases.topic], group=None) as reader:
            return sum(reader.end_offsets().values())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_the_service_publishes_a_release_that_asks_a_person(rig: Rig, tmp_path: Path) -> None:
    rig.create_topics()
    encoder = build_tiny_encoder(tmp_path / "encoder").path
    service = build(rig.settings.model_copy(update={"training_encoder": encoder}), broker=rig.broker)
    loop = threading.Thread(target=service.loops[0], args=(rig.stop,))
    loop.start()
    release = until(lambda: rig.releases.reigning("tweet-sentiment", threading.Event()))
    assert release is not None
    assert loop.is_alive()
    rig.stop.set()
    loop.join(10)
    assert (release.run_id, release.snapshot_id) == ("", "")
    assert release.gate_outcome == GateOutcome.GATE_OUTCOME_NO_BASELINE
    assert "nothing was trained yet" in release.gate_explanation
    (answer,) = Model.load(tmp_path / "bundles" / release.release_id, sha256=release.bundle_sha256).predict(["x"])
    assert (answer.decision, answer.expected_cost) == ("ask-person", 0.15)
    assert answer.probabilities == pytest.approx(dict.fromkeys(("negative", "neutral", "positive"), 1 / 3))


def test_where_a_release_is_none_is_made(rig: Rig) -> None:
    rig.create_topics()
    rig.releases.publish(ModelRelease(release_id="rel-trained", model_name="tweet-sentiment", snapshot_id="sha256:a"))
    rig.cold_start().attempt(rig.stop)
    assert (rig.made, rig.published()) == (0, 1)


def test_releases_of_other_models_do_not_count(rig: Rig) -> None:
    rig.create_topics()
    rig.releases.publish(ModelRelease(release_id="rel-other", model_name="other"))
    rig.cold_start().attempt(rig.stop)
    assert (rig.made, rig.published()) == (1, 2)


def test_a_restart_does_not_publish_again(rig: Rig) -> None:
    rig.create_topics()
    for _ in range(3):
        started = rig.cold_start()
        started.attempt(rig.stop)
        started.attempt(rig.stop)
    assert (rig.made, rig.published()) == (1, 1)


def test_of_two_replicas_the_slower_one_publishes_nothing(rig: Rig) -> None:
    rig.create_topics()
    slow = rig.cold_start()

    def overtaken(stop: threading.Event) -> ModelRelease:
        rig.cold_start().attempt(stop)
        return RELEASE

    slow.make = overtaken
    slow.attempt(rig.stop)
    assert rig.published() == 1


def test_kafka_away_and_missing_topics_are_waited_out(rig: Rig) -> None:
    started = rig.cold_start()
    rig.broker.away = True
    started.attempt(rig.stop)
    rig.broker.away = False
    rig.create_topics()
    rig.broker.fault = lambda step: rig.broker.reachable()
    started.attempt(rig.stop)
    assert (started.done, rig.published()) == (True, 1)


def test_an_objective_that_cannot_be_read_is_told_and_tried_again(rig: Rig, tmp_path: Path) -> None:
    rig.create_topics()
    file = tmp_path / "objective.yaml"
    rig.settings = rig.settings.model_copy(update={"objective": file})
    started = rig.cold_start()
    started.attempt(rig.stop)
    assert not started.done
    file.write_text(OBJECTIVE.read_text())
    started.attempt(rig.stop)
    assert started.done


def test_the_same_objective_and_code_give_the_same_release(tmp_path: Path) -> None:
    encoder = build_tiny_encoder(tmp_path / "encoder").path
    objective = load_objective(OBJECTIVE)
    made = [
        make_release(objective, tmp_path / name, encoder=encoder, code_revision=code).release_id
        for name, code in (("a", "1"), ("b", "1"), ("a", "1"), ("a", "2"))
    ]
    assert made[0] == made[1] == made[2] != made[3]


def test_where_nobody_can_be_asked_the_cheapest_class_is_told(tmp_path: Path) -> None:
    data = yaml.safe_load(OBJECTIVE.read_text())
    del data["contract"]["costs"]["askPerson"]
    data["contract"]["readiness"]["baselines"] = ["majority"]
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(data))
    assert "every document counts as 'negative' (0.667 EUR each)" in explain(
        load_objective(tmp_path / "objective.yaml")
    )
    assert "every document goes to a person (0.15 EUR each)" in explain(load_objective(OBJECTIVE))


@pytest.mark.parametrize(("snapshot", "compared"), [("", False), ("sha256:a", True)])
def test_a_release_trained_on_nothing_is_replaced_but_not_compared_with(
    tmp_path: Path, snapshot: str, compared: bool
) -> None:
    reigning = ModelRelease(release_id="rel-cold", bundle_uri="file:///b/rel-cold", snapshot_id=snapshot)
    objective, file = load_objective(OBJECTIVE), tmp_path / "none.ndjson"
    inputs = RunInputs("run-1", tmp_path, objective, file, file, "", reigning=reigning)
    assert (Work(prepare(inputs)).inputs["reigning"] is not None) == compared


def test_mlflow_is_not_asked_for_a_release_that_no_run_made(tmp_path: Path) -> None:
    promote(tmp_path, RELEASE)
    assert list(tmp_path.iterdir()) == []


def test_lineage_of_a_prediction_ends_at_the_objective(rig: Rig, tmp_path: Path) -> None:
    rig.create_topics()
    release = ModelRelease(release_id="rel-cold", model_name="m", objective_hash="obj-1", gate_explanation="Cold start")
    rig.releases.publish(release)
    predicted = Prediction(prediction_id="prd-1", document_id="doc-1", release_id="rel-cold")
    with rig.broker.producer(client_id="test") as producer:
        topic = rig.registry.full_name("predictions")
        producer.send([Codec().encode(predicted, topic=topic, key="doc-1")], timeout_s=5)
    found = read_graph(rig.broker, rig.registry, tmp_path).about("prd-1").to_dict()
    assert {node["id"] for node in found["nodes"]} == {"prd-1", "rel-cold", "obj-1"}
    assert {edge["verb"] for edge in found["edges"]} == {"by", "first by", "made for"}
