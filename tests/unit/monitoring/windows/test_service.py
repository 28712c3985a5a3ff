"""Monitoring tells what is different, over HTTP, from what is on Kafka."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from support.waiting import until
from support.windows import CLASSES, documents, predictions
from towpath.core.objective import Objective, load_objective
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.monitoring.bootstrap import build
from towpath.monitoring.domain.windows import Rows
from towpath.monitoring.settings import MonitoringSettings
from towpath.monitoring.windows import WindowWatch
from towpath.v1 import (
    ModelRelease,
    Reference,
)

OBJECTIVE: Objective = load_objective("objective.yaml")


def release(rows: Rows | None, name: str = "rel-1", model: str = OBJECTIVE.name) -> ModelRelease:
    made = ModelRelease(release_id=name, model_name=model)
    if rows is not None:
        made.reference.CopyFrom(
            Reference(
                documents=len(rows), sketches=rows.sketches.tobytes(), tokens=rows.tokens.tolist(),
                unknown_tokens=rows.unknown.tolist(), classes=CLASSES, truths=[0] * len(rows),
                probabilities=rows.probabilities.ravel().tolist(),
            )
        )  # fmt: skip
    return made


class Rig:
    def __init__(self) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load("towpath.")
        self.broker.create_topics(self.registry.specs())

    def send(self, topic: str, messages: Any) -> None:
        full = self.registry.full_name(topic)
        with self.broker.producer(client_id="test") as producer:
            producer.send([Codec().encode(each, topic=full, key="k") for each in messages], timeout_s=5)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def client(rig: Rig) -> Iterator[TestClient]:
    """Of monitoring, which has read what the rig holds by then."""
    service = build(MonitoringSettings(), broker=rig.broker, objective=OBJECTIVE)
    assert service.app is not None
    made, stop = TestClient(service.app), threading.Event()
    thread = threading.Thread(target=service.loops[0], args=(stop,), daemon=True)
    thread.start()
    yield made
    stop.set()
    thread.join(10)


def test_the_window_is_held_against_what_the_reigning_release_was_judged_on(rig: Rig, client: TestClient) -> None:
    rig.send("models", [release(documents(500, 9))])
    rig.send("predictions", [*predictions(documents(300, 1), "rel-0"), *predictions(documents(400, 2, 0.5))])
    found = until(lambda: found_of(client, 400), 30)
    assert found["releaseId"] == "rel-1"
    assert found["now"]["releases"] == {"rel-1": 400}, "what another release said is not held against its reference"
    assert found["before"] == {"documents": 500, "first": None, "last": None, "releases": {}}
    by_name = {each["name"]: each for each in found["tests"]}
    assert (by_name["embeddings"]["effect"]["word"], by_name["embeddings"]["different"]) == ("much", True)
    assert found["explanation"].startswith("Different: ")
    assert all(each["documentId"].startswith("doc-2-") for each in found["came"])
    assert found["went"] == [], "a reference's documents have no ids"
    assert len(found["sampleNow"]) == len(found["sampleBefore"]) == 350


def found_of(client: TestClient, documents: int) -> dict[str, Any]:
    answer = client.get("/v1/windows")
    found: dict[str, Any] = answer.json()
    return found if answer.status_code == 200 and found["now"]["documents"] == documents else {}


def watch(size: int = 2000) -> WindowWatch:
    return WindowWatch(OBJECTIVE, size)


def test_the_window_is_held_against_the_one_before() -> None:
    of = watch()
    for each in predictions(documents(400, 1), "rel-0"):
        of.prediction(each)
    for each in predictions(documents(300, 2, 0.4)):
        of.prediction(each)
    found = of.report("before", documents=300)
    assert (found.now.releases, found.before.releases) == ({"rel-1": 300}, {"rel-0": 300})
    assert found.now.first is not None
    assert found.now.first.year == 2023
    assert {each.document_id.split("-")[1] for each in found.went} == {"1"}
    assert any("different releases" in note for note in found.notes)
    assert found.price is not None
    assert found.price.verdict == "dearer"
    assert "NaN" not in found.model_dump_json()


def test_findings_are_others_business() -> None:
    assert list(watch().findings()) == []


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 409, "no release reigns yet. What was before can be compared: --against before"),
        ("?against=before", 409, "0 documents in the window and 0 to compare with: 30 of each are wanted"),
        ("?documents=5&hours=1", 422, "say either documents or hours"),
        ("?documents=100000000", 422, "are remembered"),
        ("?against=nothing", 422, "against"),
        ("?hours=0", 422, "hours"),
    ],
)
def test_what_cannot_be_compared_is_said(client: TestClient, query: str, status: int, said: str) -> None:
    answer = client.get(f"/v1/windows{query}")
    assert answer.status_code == status
    assert said in answer.text


def test_a_release_that_cannot_be_compared_with_says_why() -> None:
    of = watch()
    for each in predictions(documents(100, 1)):
        of.prediction(each)
    of.release(release(documents(50, 1), model="another-model"))
    with pytest.raises(Exception, match="no release reigns yet"):
        of.report("reference")
    of.release(release(None, "rel-1"))
    with pytest.raises(Exception, match="rel-1 has no reference"):
        of.report("reference")
    torn = release(documents(50, 1))
    torn.reference.tokens.pop()
    of.release(torn)
    with pytest.raises(Exception, match="the reference of rel-1 cannot be used: 49 tokens are not 50"):
        of.report("reference")
    of.release(release(documents(50, 1), "rel-2"))
    with pytest.raises(Exception, match="0 documents predicted by rel-2 in the window"):
        of.report("reference")
    of.release(release(documents(50, 1)))
    assert of.report("reference").now.documents == 100


def test_predictions_of_before_inputs_were_told_are_compared_by_what_they_tell() -> None:
    of, rows = watch(), documents(200, 1)
    for each in predictions(rows):
        each.ClearField("input")
        of.prediction(each)
    found = of.report("before")
    assert {each.name for each in found.tests} == {"probabilities", "classes", "decisions", "expected cost"}
    assert any("do not tell what the model read" in note for note in found.notes)


def test_hours_are_counted_back_from_the_newest_prediction() -> None:
    of, rows = watch(), documents(240, 1)
    rows.times[:] = 1_700_000_000 + 3600 * np.arange(240)
    for each in predictions(rows):
        of.prediction(each)
    found = of.report("before", hours=48)
    assert (found.now.documents, found.before.documents) == (48, 48)
