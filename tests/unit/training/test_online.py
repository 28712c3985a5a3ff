"""Online learning as training does it: from feedback on Kafka to releases on `models`, and back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.online import NAME, ONLINE, TEXT, Rig, Sent, counted, documents, feedback
from support.waiting import until
from towpath.core.stream import MemoryBroker, Registry
from towpath.model import Model
from towpath.training.domain.online.releases import back_to, is_online
from towpath.v1 import ClassLabel, Document, Feedback, ModelRelease, Rollout, RolloutMode


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, MemoryBroker(), Registry.load("test."))


def test_a_head_that_is_cheaper_is_released_in_versions_and_can_be_gone_back_from(rig: Rig) -> None:
    rig.send([*documents(200), *feedback(range(150), "neutral")])
    with rig.running() as metrics:
        release = until(lambda: is_online(found := rig.reigning()) and found)
        assert isinstance(release, ModelRelease)
        assert release.previous_release_id == release.previous.release_id == rig.static.release_id
        assert "judged before learning from each" in release.gate_explanation
        rig.send(feedback(range(150, 200), "neutral"))
        later = until(lambda: (found := rig.reigning()).release_id != release.release_id and found)
        assert isinstance(later, ModelRelease)
        assert later.previous_release_id == rig.static.release_id
        assert counted(metrics, "learned") == 200
    model = Model.load(rig.home / "bundles" / later.release_id, sha256=later.bundle_sha256)
    assert {each.label for each in model.predict(["text 1", "text 2"])} == {"neutral"}


def test_a_restart_comes_to_the_same_head_and_releases_nothing_twice(rig: Rig, tmp_path: Path) -> None:
    rig.send([*documents(150), *feedback(range(150), "neutral")])
    with rig.running():
        first = until(lambda: is_online(found := rig.reigning()) and found)
    before = len(rig.released())
    home = tmp_path / "another"
    shutil.copytree(rig.home / "bundles" / rig.static.release_id, home / "bundles" / rig.static.release_id)
    with rig.running(home) as metrics:
        # The same release, made of Kafka and the static bundle alone, bit by bit.
        until((home / "bundles" / first.release_id).exists)
        until(lambda: metrics.registry.get_sample_value("towpath_training_online_reigns"))
    assert len(rig.released()) == before


def test_it_is_given_back_when_the_world_turns(rig: Rig) -> None:
    rig.send([*documents(250), *feedback(range(150), "neutral")])
    with rig.running():
        until(lambda: is_online(rig.reigning()))
        static = Model.load(rig.home / "bundles" / rig.static.release_id)
        # From now on the static head is always right, and the version that reigns is not: its successors never come.
        right = [each.label for each in static.predict([f"text {n}" for n in range(150, 250)])]
        wrong = [n for n, label in zip(range(150, 250), right, strict=True) if label == "negative"]
        rig.send([each for n in wrong for each in feedback(range(n, n + 1), "negative")])
        given_back = until(lambda: not is_online(found := rig.reigning()) and found)
    assert isinstance(given_back, ModelRelease)
    assert given_back.release_id == rig.static.release_id
    assert not given_back.HasField("previous")


def test_a_person_who_goes_back_is_heard(rig: Rig) -> None:
    rig.send([*documents(170), *feedback(range(150), "neutral")])
    with rig.running() as metrics:
        until(lambda: is_online(rig.reigning()))
        rig.releases.publish(back_to(rig.static))
        until(lambda: metrics.registry.get_sample_value("towpath_training_online_reigns") == 0)
        # Fewer than it would have to be judged by anew.
        rig.send(feedback(range(150, 165), "neutral"))
        until(lambda: counted(metrics, "learned") == 165)
    with rig.running() as metrics:
        until(lambda: counted(metrics, "learned") == 165)
        rig.send(feedback(range(165, 166), "neutral"))
        until(lambda: counted(metrics, "learned") == 166)
    assert rig.reigning().release_id == rig.static.release_id


def test_while_a_rollout_runs_it_learns_and_waits(rig: Rig) -> None:
    running = Rollout(rollout_id="rol-1", model_name=NAME, mode=RolloutMode.ROLLOUT_MODE_SHADOW)
    rig.send([("rollouts", NAME, running), *documents(150), *feedback(range(150), "neutral")])
    with rig.running() as metrics:
        until(lambda: counted(metrics, "learned") == 150)
        rig.send(
            [("documents", "doc-x", Document(document_id="doc-x", text="x")), *feedback(range(150, 151), "neutral")]
        )
        until(lambda: counted(metrics, "no document") == 1)
        assert not is_online(rig.reigning())
        running.mode = RolloutMode.ROLLOUT_MODE_ENDED
        rig.send([("rollouts", NAME, running)])
        until(lambda: is_online(rig.reigning()))


def test_another_static_release_starts_it_anew(rig: Rig) -> None:
    rig.send([*documents(150), *feedback(range(150), "neutral")])
    with rig.running():
        until(lambda: is_online(rig.reigning()))
        trained = rig.release(1)
        trained.created_at.GetCurrentTime()
        rig.releases.publish(trained)
        # What was said before it was made is in it, perhaps.
        rig.send([*documents(600), *feedback(range(150, 600), "positive")])
        online = until(lambda: is_online(found := rig.reigning()) and found)
    assert isinstance(online, ModelRelease)
    assert online.previous_release_id == trained.release_id
    assert int(online.run_id.rpartition("-")[2]) <= 450


def test_what_is_no_feedback_for_it_is_counted_and_harms_nobody(rig: Rig) -> None:
    sent: list[Sent] = [
        *documents(3),
        *feedback(range(2), "neutral"),
        *feedback(range(2), "neutral"),
        *feedback(range(1), "positive"),
        *feedback(range(9, 10), "neutral"),
        *feedback(range(2, 3), "no such class"),
        ("feedback", "doc-2", Feedback(feedback_id="fb-s", document_id="doc-2", class_label=ClassLabel(score=-3.0))),
    ]
    rig.send(sent)
    with rig.running() as metrics:
        until(lambda: sum(counted(metrics, each) for each in ("learned", "repeated", "corrected", "unusable")) == 7)
        found = {
            each: counted(metrics, each) for each in ("learned", "repeated", "corrected", "no document", "unusable")
        }
    assert found == {"learned": 3, "repeated": 2, "corrected": 1, "no document": 1, "unusable": 1}


def test_without_the_objective_asking_for_it_nothing_is_read(rig: Rig) -> None:
    rig.objective.write_text(TEXT)
    rig.send([*documents(50), *feedback(range(50), "neutral")])
    with rig.running() as metrics:
        rig.objective.write_text(TEXT.replace("rollout:", f"{ONLINE}\n    rollout:"))
        until(lambda: counted(metrics, "learned") == 50)


def test_kafka_away_and_a_bundle_that_is_gone_are_waited_out(rig: Rig) -> None:
    folder = rig.home / "bundles" / rig.static.release_id
    folder.rename(rig.home / "elsewhere")
    rig.send([*documents(30), *feedback(range(30), "neutral")])
    assert isinstance(rig.broker, MemoryBroker)
    rig.broker.away = True
    with rig.running() as metrics:
        rig.broker.away = False
        (rig.home / "elsewhere").rename(folder)
        until(lambda: counted(metrics, "learned") == 30)
