"""Runs as Kubernetes Jobs: against an API server that breaks connections, and refuses, and forgets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.training.adapters.cluster import Cluster
from towpath.training.adapters.job import JobLauncher, load_template

RUN = "run-0123456789abcdef0123456789abcdef"
TRACE = "0123456789abcdef" * 2
ARGUMENTS = ["--run-id", RUN, "--trace-id", TRACE, "--home", "/h"]
TEMPLATE = """
apiVersion: batch/v1
kind: Job
metadata: {name: a-very-long-release-name-of-towpath-run, namespace: other, labels: {app.kubernetes.io/instance: x}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: pipeline, image: docker.io/towpath/training:dev}]}}}
"""


def step(name: str, status: str = "succeeded") -> dict[str, Any]:
    return {"step": {"step": name, "status": status, "seconds": 1.0, "detail": ""}}


class Rig:
    """A run in a thread, as the trainer's loop runs it."""

    def __init__(self, kubernetes: Any, cluster: Cluster, folder: Path) -> None:
        self.kubernetes, self.folder = kubernetes, folder
        (folder / "job.yaml").write_text(TEMPLATE)
        self.launcher = JobLauncher(cluster, load_template(folder / "job.yaml"), start_s=20, away_s=20, poll_s=0.01)
        self.steps: list[str] = []
        self.stop, self.result, self.error = threading.Event(), {}, ""
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Rig:
        self.thread.start()
        assert self.kubernetes.created.wait(10)
        return self

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline
            assert self.thread.is_alive(), self.error
            self.stop.wait(0.005)

    def end(self) -> Rig:
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self

    def _run(self) -> None:
        try:
            self.result = self.launcher.run(
                ARGUMENTS, self.folder / "log", lambda said: self.steps.append(said["step"]), self.stop
            )
        except TowpathError as error:
            self.error = f"{type(error).__name__}: {error}"


@pytest.fixture
def rig(kubernetes: Any, cluster: Cluster, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(kubernetes, cluster, tmp_path)
    yield made
    made.stop.set()
    made.thread.join(10)


def test_a_run_is_made_from_the_template_and_followed_to_its_result(rig: Rig, kubernetes: Any) -> None:
    rig.start()
    (job,) = kubernetes.jobs.values()
    assert len(job["metadata"]["name"]) <= 63
    assert job["metadata"]["name"].endswith("-0123456789abcdef0123456789abcdef")
    assert "namespace" not in job["metadata"]
    labels = {"app.kubernetes.io/instance": "x", "towpath.io/run": RUN, "towpath.io/trace": TRACE}
    assert job["metadata"]["labels"] == labels
    assert job["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"], spec["activeDeadlineSeconds"]) == (0, 86400, 14400)
    assert spec["template"]["spec"]["containers"][0]["args"] == ARGUMENTS
    kubernetes.pod_status = {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}
    kubernetes.say(step("snapshot"), "a warning of a library", step("train"), '{"level": "info", "error": "no"}')
    rig.until(lambda: rig.steps == ["snapshot", "train"])
    kubernetes.say({"result": {"outcome": "pass"}})
    kubernetes.end()
    assert rig.end().result == {"outcome": "pass"}
    assert kubernetes.deleted == [], "its log stays to be read until its time to live is over"
    assert "a warning of a library" in (rig.folder / "log").read_text()


def test_a_pod_that_ended_before_anybody_looked_is_read_to_its_end(rig: Rig, kubernetes: Any) -> None:
    kubernetes.say(step("snapshot"), {"result": {"outcome": "fail"}})
    rig.start()
    kubernetes.end()
    assert rig.end().result == {"outcome": "fail"}
    assert rig.steps == ["snapshot"]


@pytest.mark.parametrize("cuts", [[1, 60, 61, 200, 201, 202, 350], [100] * 5, [130, 0, 0, 131]])
def test_a_log_that_breaks_off_anywhere_loses_and_repeats_no_step(rig: Rig, kubernetes: Any, cuts: list[int]) -> None:
    kubernetes.cuts = cuts[:-1]
    kubernetes.pod_status = {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}
    names = [f"step-{n}" for n in range(20)]
    kubernetes.say(*map(step, names[:10]))
    rig.start()
    rig.until(lambda: kubernetes.readings >= len(cuts))
    kubernetes.cuts = cuts[-1:]
    kubernetes.say(*map(step, names[10:]), {"result": {"outcome": "pass"}})
    kubernetes.end()
    assert rig.end().result == {"outcome": "pass"}
    assert rig.steps == names


def test_lines_of_two_streams_out_of_order_and_a_rotated_log_lose_nothing(rig: Rig, kubernetes: Any) -> None:
    kubernetes.pod_status = {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}
    kubernetes.say(step("one"), step("two"), step("three"))
    kubernetes.lines.reverse()
    rig.start()
    rig.until(lambda: rig.steps == ["three", "two", "one"])
    kubernetes.cuts = [10]
    kubernetes.lines = kubernetes.lines[2:]
    kubernetes.say("rotated", {"result": {"outcome": "pass"}})
    kubernetes.end()
    assert rig.end().result == {"outcome": "pass"}
    assert rig.steps == ["three", "two", "one"]


def test_what_the_pipeline_said_and_how_its_pod_ended_are_both_told(rig: Rig, kubernetes: Any) -> None:
    kubernetes.say(step("train", "failed"), {"error": "ValueError: one class only"})
    rig.start()
    kubernetes.end(code=137, reason="OOMKilled")
    rig.end()
    assert "ValueError: one class only (the Job" in rig.error
    assert "it needed more memory than its limit (training.job.resources): OOMKilled" in rig.error


def test_a_pod_that_does_not_start_in_time_is_given_up_and_deleted(rig: Rig, kubernetes: Any) -> None:
    object.__setattr__(rig.launcher, "start_s", 0.05)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    kubernetes.pod_status = {"phase": "Pending", "containerStatuses": [{"state": waiting}]}
    rig.start().end()
    assert "its pod cannot start: ImagePullBackOff: Back-off pulling image; given up after 0.05 s" in rig.error
    assert len(kubernetes.deleted) == 1


def test_a_shutdown_deletes_the_job(rig: Rig, kubernetes: Any) -> None:
    rig.start()
    rig.stop.set()
    rig.end()
    assert rig.error == "RetryableError: interrupted by a shutdown"
    assert kubernetes.jobs == {}


def test_a_job_that_somebody_deletes_is_told_so(rig: Rig, kubernetes: Any) -> None:
    rig.start()
    kubernetes.jobs.clear()
    assert "its Job was deleted while it ran" in rig.end().error


def test_an_api_server_that_is_away_for_a_moment_is_waited_for(rig: Rig, kubernetes: Any) -> None:
    kubernetes.answers = [503, 200, 500, 200, 429, 200, 503, 503]
    kubernetes.say({"result": {"outcome": "pass"}})
    rig.start()
    rig.until(lambda: not kubernetes.answers)
    kubernetes.end()
    assert rig.end().result == {"outcome": "pass"}


def test_one_that_stays_away_is_told(rig: Rig, kubernetes: Any) -> None:
    object.__setattr__(rig.launcher, "away_s", 0.0)
    kubernetes.answers = [503] * 3
    rig.thread.start()
    assert "RetryableError: Kubernetes failed while listing Jobs: 503" in rig.end().error


def test_a_forbidden_request_names_the_role(rig: Rig, kubernetes: Any) -> None:
    kubernetes.answers = [200, 200, 403]
    rig.thread.start()
    assert "RejectedError: Kubernetes forbids creating the Job" in rig.end().error
    assert "check the Role of training's service account" in rig.error


def test_jobs_that_an_earlier_life_left_running_are_cleared_away(rig: Rig, kubernetes: Any) -> None:
    done = {"conditions": [{"type": "Complete", "status": "True"}]}
    for name, status in (("left", {}), ("done", done)):
        labels = {"towpath.io/run": name}
        kubernetes.jobs[name] = {"metadata": {"name": name, "labels": labels}, "status": status}
    rig.start()
    assert kubernetes.deleted == ["left"]


@pytest.mark.parametrize("text", ["", "kind: Pod", "kind: Job\nspec: {}", "{", TEMPLATE.replace("Job", "Deployment")])
def test_a_template_that_is_no_job_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(text)
    with pytest.raises(RejectedError, match=r"job\.yaml"):
        load_template(file)


def test_outside_of_a_cluster_the_runner_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(RejectedError, match="set TOWPATH_TRAINING_RUNNER to direct or kfp-local"):
        Cluster.around()


def test_a_client_that_reaches_nobody_says_so() -> None:
    from kubernetes import client

    settings = client.Configuration()
    settings.host, settings.retries = "http://127.0.0.1:1", False
    with client.ApiClient(settings) as api, pytest.raises(RetryableError, match="Kubernetes does not answer while"):
        Cluster(api, "team").job("x")
