"""Submitting to Kubeflow Pipelines: KFP's own client against a small server that speaks its v2beta1 API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.pipelines.inputs import StepEvent
from towpath.pipelines.kfp.backend import KfpBackend, run_on_backend
from towpath.pipelines.kfp.pipeline import MOUNT

FOLDER = Path(MOUNT) / "runs" / "run-1"
STAGES = ("snapshot", "validate", "split", "encode", "train", "quantise", "evaluate", "gate", "package")


class FakeKfp:
    """Each look at the run finds it in the next of `states`, and stays with the last."""

    def __init__(self) -> None:
        self.experiments: list[str] = []
        self.runs: list[dict[str, Any]] = []
        self.states: list[dict[str, Any]] = [{"state": "SUCCEEDED"}]
        self.terminated: list[str] = []
        self.answers: list[int] = []  # statuses of the next requests about runs, in the place of what they ask for
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def backend(self) -> KfpBackend:
        endpoint = f"http://127.0.0.1:{self.server.server_port}"
        return KfpBackend(endpoint, "registry.example/training:7", "claim-1", poll_s=0.01, away_s=10)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeKfp
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fake, path = self.fake, self.path.split("?")[0].removeprefix("/apis/v2beta1/")
        if path == "healthz":
            self._answer({"multi_user": False})
        elif path == "experiments":
            found = [{"experiment_id": "exp-1", "display_name": name} for name in fake.experiments]
            self._answer({"experiments": found})
        elif path == "runs/kfp-1" and not self._refused():
            state = fake.states.pop(0) if len(fake.states) > 1 else fake.states[0]
            self._answer({"run_id": "kfp-1", **state})

    def do_POST(self) -> None:
        fake, path = self.fake, self.path.split("?")[0].removeprefix("/apis/v2beta1/")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if path == "experiments":
            fake.experiments.append(body["display_name"])
            self._answer({"experiment_id": "exp-1", **body})
        elif path == "runs/kfp-1:terminate":
            fake.terminated.append("kfp-1")
            self._answer({})
        elif path == "runs" and not self._refused():
            fake.runs.append(body)
            self._answer({"run_id": "kfp-1", **body})

    def _refused(self) -> bool:
        status = self.fake.answers.pop(0) if self.fake.answers else 200
        if status != 200:
            self._answer({"message": "no"}, status)
        return status != 200

    def _answer(self, data: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def kfp() -> Iterator[FakeKfp]:
    fake = FakeKfp()
    yield fake
    fake.close()


def run(kfp: FakeKfp, told: list[StepEvent] | None = None, **changes: Any) -> dict[str, float]:
    tell = (lambda _: None) if told is None else told.append
    return run_on_backend(FOLDER, "tweet-sentiment", tell, replace(kfp.backend, **changes))


def task(name: str, state: str, **more: Any) -> dict[str, Any]:
    times = {"start_time": "2026-11-25T08:00:00Z", "end_time": "2026-11-25T08:00:03Z"}
    return {"display_name": name, "state": state, **times, **more}


def at(state: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"state": state, "run_details": {"task_details": list(tasks)}, **more}


def test_the_committed_pipeline_is_submitted_with_image_volume_and_folder(kfp: FakeKfp) -> None:
    run(kfp)
    (submitted,) = kfp.runs
    assert kfp.experiments == ["tweet-sentiment"]
    assert (submitted["display_name"], submitted["experiment_id"]) == ("run-1", "exp-1")
    assert submitted["runtime_config"]["parameters"] == {"folder": str(FOLDER), "volume": "claim-1"}
    spec = submitted["pipeline_spec"]["pipeline_spec"]
    executors = spec["deploymentSpec"]["executors"]
    assert {each["container"]["image"] for each in executors.values()} == {"registry.example/training:7"}
    mounts = submitted["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert mounts.keys() == executors.keys()
    for each in mounts.values():
        (mount,) = each["pvcMount"]
        assert (mount["pvcNameParameter"], mount["mountPath"]) == ({"componentInputParameter": "volume"}, MOUNT)
    tasks = spec["root"]["dag"]["tasks"].values()
    assert {each["taskInfo"]["name"] for each in tasks} == set(STAGES)


def test_an_experiment_that_is_there_is_used(kfp: FakeKfp) -> None:
    kfp.experiments = ["tweet-sentiment"]
    run(kfp)
    assert kfp.experiments == ["tweet-sentiment"]


def test_stages_are_told_once_as_they_go_with_their_seconds(kfp: FakeKfp) -> None:
    told: list[StepEvent] = []
    kfp.states = [
        at("PENDING"),
        at("RUNNING", task("root", "RUNNING"), task("snapshot", "RUNNING"), task("snapshot-driver", "SUCCEEDED")),
        at("RUNNING", task("snapshot", "RUNNING"), task("validate", "PENDING")),
        at("RUNNING", task("snapshot", "SUCCEEDED"), task("validate", "RUNNING")),
        at("SUCCEEDED", task("validate", "SUCCEEDED"), task("snapshot", "SUCCEEDED")),
    ]
    assert run(kfp, told) == {"snapshot": 3.0, "validate": 3.0}
    assert [(each.step, each.status) for each in told] == [
        ("snapshot", "running"), ("snapshot", "succeeded"), ("validate", "running"), ("validate", "succeeded"),
    ]  # fmt: skip
    assert kfp.terminated == []


def test_a_stage_that_fails_is_named_with_its_reason(kfp: FakeKfp) -> None:
    failed = task("encode", "FAILED", error={"code": 9, "message": "no space left on device"})
    kfp.states = [at("FAILED", failed, error={"code": 9, "message": "DAG failed"})]
    with pytest.raises(TowpathError, match="FAILED: the stage encode failed: no space left on device; DAG failed"):
        run(kfp)
    assert kfp.terminated == []


def test_a_run_that_somebody_terminates_has_ended_so(kfp: FakeKfp) -> None:
    kfp.states = [at("RUNNING"), at("CANCELED")]
    with pytest.raises(TowpathError, match="kfp-1 ended as CANCELED"):
        run(kfp)


def test_a_shutdown_terminates_the_run(kfp: FakeKfp) -> None:
    kfp.states = [at("RUNNING", task("snapshot", "RUNNING"))]

    def terminated(_: StepEvent) -> None:
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        run_on_backend(FOLDER, "tweet-sentiment", terminated, kfp.backend)
    assert kfp.terminated == ["kfp-1"]


def test_an_api_that_is_away_for_a_moment_is_waited_for(kfp: FakeKfp) -> None:
    kfp.answers = [200, 503, 500, 429]
    run(kfp)
    assert kfp.answers == []
    assert kfp.terminated == []


def test_one_that_stays_away_is_told_and_the_run_is_not_left_behind(kfp: FakeKfp) -> None:
    kfp.answers = [200, 503, 503]
    with pytest.raises(RetryableError, match=r"KFP at http://127\.0\.0\.1:\d+ failed while reading the run kfp-1: 503"):
        run(kfp, away_s=0.0)
    assert kfp.terminated == ["kfp-1"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(403, RejectedError, "forbids submitting"), (400, RejectedError, "refuses submitting")],
)
def test_a_refused_pipeline_is_told(kfp: FakeKfp, status: int, kind: type[TowpathError], words: str) -> None:
    kfp.answers = [status]
    with pytest.raises(kind, match=words):
        run(kfp)
    assert kfp.terminated == []


def test_a_home_that_is_not_on_the_volume_is_refused_before_anything_runs(kfp: FakeKfp, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="set TOWPATH_HOME to it"):
        run_on_backend(tmp_path, "tweet-sentiment", lambda _: None, kfp.backend)
    assert kfp.runs == []
