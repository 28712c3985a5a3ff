"""Where runs are sent, and that what happens beside Kafka does not undo a release."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from google.protobuf import json_format

from support.waiting import until
from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.core.stream import MemoryBroker, Registry
from towpath.training.adapters.launch import new_launch
from towpath.training.adapters.pipeline import run_process
from towpath.training.bootstrap import build
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
RELEASE = ModelRelease(release_id="rel-1", model_name="tweet-sentiment", run_id="run-1", snapshot_id="sha256:a")


def finished(arguments: Sequence[str], log: Path, on_step: Any, stop: threading.Event) -> dict[str, Any]:
    told = {"outcome": "pass", "explanation": "e", "metrics": {}, "comparisons": [], "snapshot_id": "sha256:a"}
    return {**told, "report": "r", "release": json_format.MessageToDict(RELEASE)}


def away(_: Path, __: ModelRelease) -> None:
    raise RetryableError("MLflow: connection refused")


def test_a_release_stands_when_mlflow_is_away(tmp_path: Path) -> None:
    broker, registry = MemoryBroker(), Registry.load("test.")
    broker.create_topics(registry.specs())
    settings = TrainingSettings(home=tmp_path, objective=OBJECTIVE, topic_prefix="test.")
    service = build(settings, broker=broker, promote=away, launch=finished)
    assert service.app is not None
    client, stop = TestClient(service.app), threading.Event()
    loop = threading.Thread(target=service.loops[0], args=(stop,))
    loop.start()
    try:
        place = client.post("/v1/runs").headers["Location"]
        until(lambda: client.get(place).json()["status"] in ("succeeded", "failed"), 20)
    finally:
        stop.set()
        loop.join(10)
    run = client.get(place).json()
    assert run["status"] == "succeeded", run["error"]
    detail = next(step["detail"] for step in run["steps"] if step["step"] == "release")
    assert "rel-1 is on models, and not champion in MLflow yet: MLflow: connection refused" in detail
    with broker.consumer([registry.full_name("models")], group=None) as reader:
        assert sum(reader.end_offsets().values()) == 1


@pytest.mark.parametrize(
    ("runner", "words"), [("kfp", "set TOWPATH_TRAINING_KFP_ENDPOINT"), ("job", "no Job to make runs from")]
)
def test_a_runner_that_lacks_what_it_needs_is_refused_at_the_start(tmp_path: Path, runner: Any, words: str) -> None:
    settings = TrainingSettings(training_runner=runner, training_job_template=tmp_path / "none.yaml")
    with pytest.raises(RejectedError, match=words):
        new_launch(settings)


def test_other_output_of_a_process_is_not_taken_for_its_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['{"step": {"step": "a"}}', "[1]", '{"error": "a log line", "level": "info"}', '{"result": {"x": 1}}', "7"]
    program = tmp_path / "saying.py"
    program.write_text(f"print({chr(10).join(lines)!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    steps: list[Any] = []
    result = run_process([], tmp_path / "log", steps.append, threading.Event(), module="saying")
    assert (result, steps) == ({"x": 1}, [{"step": "a"}])


def test_a_process_that_fails_is_told_in_its_own_words_and_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing.py").write_text("""print('{"error": "ValueError: no"}'); raise SystemExit(3)""")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TowpathError, match=r"ValueError: no \(the pipeline ended with code 3; see .*log\)"):
        run_process([], tmp_path / "log", lambda _: None, threading.Event(), module="failing")
