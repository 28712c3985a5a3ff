"""GET /v1/labels/agreement: what raters said is followed on the topic, measured, bounded, and told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from towpath.core.objective import Objective, load_objective
from towpath.core.service import AuthSettings
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.ingestion.adapters.labels import LabelFollower
from towpath.ingestion.bootstrap import build
from towpath.ingestion.domain.labels import Known
from towpath.ingestion.domain.pace import Pace
from towpath.ingestion.metrics import IngestionMetrics
from towpath.ingestion.settings import IngestionSettings
from towpath.pipelines.steps.snapshot import write_snapshot
from towpath.v1 import Annotation, ClassLabel, Document

ROOT = Path(__file__).parents[3]
GRADES = (-3.0, -1.0, 0.0, 2.0, 3.0)


@pytest.fixture(scope="module")
def objective() -> Objective:
    return load_objective(ROOT / "objective.yaml")


def rating(document: int, rater: int, score: float, **more: Any) -> Annotation:
    made = Annotation(
        annotation_id=f"a-{document}-{rater}",
        document_id=f"d-{document}",
        rater_id=f"r-{rater}",
        class_label=ClassLabel(score=score),
        **more,
    )
    made.created_at.FromSeconds(1_700_000_000 + document)
    return made


class Rig:
    """Ingestion with its loop, on a broker of its own."""

    def __init__(self, objective: Objective | None, **settings: Any) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())
        self.service = build(IngestionSettings(**settings), broker=self.broker, objective=objective)
        assert self.service.app is not None
        self.client, self.stop = TestClient(self.service.app), threading.Event()

    @property
    def follower(self) -> LabelFollower:
        (run,) = self.service.loops
        found: LabelFollower = run.__self__  # type: ignore[attr-defined]
        return found

    def send(self, topic: str, *messages: Any) -> None:
        codec, name = Codec(), self.registry.full_name(topic)
        with self.broker.producer(client_id="test") as producer:
            producer.send([codec.encode(m, topic=name, key=m.document_id) for m in messages], timeout_s=5)

    @contextmanager
    def following(self) -> Iterator[None]:
        thread = threading.Thread(target=self.follower.run, args=(self.stop,))
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join()

    def told(self, **wanted: Any) -> dict[str, Any]:
        """The answer, once it says what is wanted."""
        ticks = threading.Event()
        for _ in range(200):
            answer = self.client.get("/v1/labels/agreement")
            body: dict[str, Any] = answer.json()
            if answer.status_code == 200 and all(body[name] == value for name, value in wanted.items()):
                return body
            ticks.wait(0.02)
        raise AssertionError(body)

    def sample(self, name: str, **labels: str) -> float | None:
        return self.service.metrics.get_sample_value(f"towpath_ingestion_{name}", labels)


def test_raters_who_agree_are_told_to_and_what_does_not_count_is_counted(objective: Objective) -> None:
    rig = Rig(objective, labels_every_s=0.01)
    before = rig.client.get("/v1/labels/agreement")
    assert (before.status_code, "still being read" in before.json()["detail"]) == (503, True)
    rig.send("documents", *[Document(document_id=f"d-{n}", text="x") for n in range(40)])
    good = [rating(n, rater, GRADES[n % 5] + 0.5 * (rater - 1) * (n % 3 == 0)) for n in range(40) for rater in range(3)]
    gone = [rating(n, 9, -4.0, deleted=True) for n in range(2)]
    bad = Annotation(annotation_id="b", document_id="d-1", rater_id="r-1", class_label=ClassLabel(label="no such"))
    with rig.following():
        rig.send("annotations", *good, *good, *gone, bad)
        body = rig.told(annotations=120, withdrawn=2)
        assert body["refused"] == {"'no such' is no class of the objective": 1}
        assert (body["waiting"], body["share"], body["objectiveHash"]) == (0, 1.0, objective.hash)
        agreement = body["agreement"]
        assert agreement["alpha"]["low"] >= agreement["floor"] == 0.667
        assert agreement["met"]
        assert {each["rater"]: each["ratings"] for each in agreement["byRater"]} == {"r-0": 40, "r-1": 40, "r-2": 40}
        assert set(agreement["classes"]) == set(objective.classes)
        assert rig.sample("label_agreement", figure="low") == pytest.approx(agreement["alpha"]["low"])
        assert rig.sample("labels_annotations", outcome="counted") == 120
        assert rig.sample("labels_refused", reason="no-class") == 1
        # The last word of a rater counts, whatever else comes later.
        revised = rating(0, 0, 4.0)
        revised.updated_at.FromSeconds(1_800_000_000)
        rig.send("annotations", revised, good[0])
        assert rig.told(annotations=120)["agreement"]["ratings"] == 120


def test_an_annotation_waits_for_its_document_and_counts_when_that_comes(objective: Objective, tmp_path: Path) -> None:
    rig, early = Rig(objective, labels_every_s=0.01), rating(7, 1, 2.0)
    known = Document(document_id="d-8", text="here already")
    both = [early, rating(8, 1, 1.0)]
    with rig.following():
        rig.send("documents", known)
        rig.send("annotations", *both)
        assert rig.told(annotations=2)["waiting"] == 1
        late = Document(document_id="d-7", text="late")
        before = write_snapshot([known], both, tmp_path)
        rig.send("documents", late)
        assert rig.told(waiting=0)["annotations"] == 2
    after = write_snapshot([known, late], both, tmp_path)
    assert [each["annotation_id"] for each in before.annotations] == ["a-8-1"]
    assert [each["annotation_id"] for each in after.annotations] == ["a-7-1", "a-8-1"]


def test_beyond_the_limit_whole_documents_are_left_out_and_it_is_said(objective: Objective) -> None:
    known = Known(max_annotations=1000, max_documents=10_000)
    every = [rating(n, rater, GRADES[n % 5]) for n in range(1500) for rater in range(2)]
    for each in every:
        known.document(each.document_id)
        known.annotation(each)
    report = known.report(objective)
    assert len(known) <= 1000
    assert report.share in (0.25, 0.125)
    assert report.annotations == pytest.approx(3000 * report.share, rel=0.25)
    assert report.agreement.ratings == 2 * report.agreement.documents, "no document lost a rater"
    assert (report.waiting, report.agreement.alpha.value) == (0, pytest.approx(1.0))


def test_what_cannot_be_remembered_is_not_said(objective: Objective) -> None:
    known = Known(max_annotations=1000, max_documents=2)
    known.annotation(rating(9, 1, 1.0))
    for n in range(3):
        known.document(f"d-{n}")
    assert known.report(objective).waiting is None


def test_measuring_leaves_time_for_other_things(objective: Objective) -> None:
    now = [100.0]

    class Slow(Known):
        def report(self, objective: Objective) -> Any:
            now[0] += 30.0
            return super().report(objective)

    rig, registry = MemoryBroker(), Registry.load()
    metrics, known = IngestionMetrics(CollectorRegistry()), Slow(max_annotations=1000, max_documents=1000)
    follower = LabelFollower(rig, Codec(), registry, objective, known, metrics, 1.0, clock=lambda: now[0])
    follower.measure()
    assert follower._next_at == pytest.approx(130.0 + 300.0)


def test_who_has_no_key_or_no_objective_is_told(objective: Objective) -> None:
    guarded = Rig(objective, auth=AuthSettings(mode="api-key", api_keys=SecretStr("secret")))
    assert guarded.client.get("/v1/labels/agreement").status_code == 401
    answer = Rig(None).client.get("/v1/labels/agreement")
    assert (answer.status_code, "TOWPATH_OBJECTIVE" in answer.json()["detail"]) == (404, True)


def test_while_kafka_is_away_the_last_answer_stands(objective: Objective) -> None:
    rig = Rig(objective, labels_every_s=0.01)
    with rig.following():
        rig.send("annotations", rating(1, 1, 1.0))
        rig.told(annotations=1)
        rig.broker.away = True
        assert rig.told(annotations=1)
        rig.broker.away = False
        rig.send("annotations", rating(2, 1, 1.0))
        assert rig.told(annotations=2)


def test_measuring_gives_way_to_requests_but_not_for_ever(objective: Objective) -> None:
    now = [1_000.0]
    pace = Pace(quiet_s=2.0, clock=lambda: now[0])
    registry, metrics = Registry.load(), IngestionMetrics(CollectorRegistry())
    known = Known(max_annotations=10, max_documents=10)
    follower = LabelFollower(
        MemoryBroker(), Codec(), registry, objective, known, metrics, 60.0, pace, clock=lambda: now[0]
    )
    follower._next_at = now[0]
    assert follower._due(), "nobody asks for anything"
    pace.work()
    assert not follower._due()
    now[0] += 2.0
    assert follower._due(), "requests have paused"
    now[0] += 540.0
    pace.work()
    assert follower._due(), "they never pause"
