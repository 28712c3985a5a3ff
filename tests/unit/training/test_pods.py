"""From what Kubernetes says of a Job and its pod to what a person needs to know."""

from __future__ import annotations

from typing import Any

import pytest

from towpath.training.domain.pods import standing


def pod(state: dict[str, Any] | None = None, *, phase: str = "Pending", **status: Any) -> dict[str, Any]:
    statuses = [] if state is None else [{"state": state}]
    about = {"name": "pod-1", "creationTimestamp": "2026-11-25T08:00:00Z"}
    return {"metadata": about, "status": {"phase": phase, "containerStatuses": statuses, **status}}


def job(kind: str | None = None, **more: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": kind, "status": "True", **more}]} if kind else {}}


def test_a_running_pod_can_be_read_and_is_not_held_up() -> None:
    found = standing(job(), [pod({"running": {}}, phase="Running")])
    assert (found.pod, found.readable, found.held_up, found.ended) == ("pod-1", True, None, False)


@pytest.mark.parametrize(
    ("pods", "words"),
    [
        ([], "no pod was made for the Job"),
        ([pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}])],
         "its pod cannot be placed: Unschedulable: 0/3"),
        ([pod({"waiting": {"reason": "ErrImagePull", "message": "no such image"}})],
         "its pod cannot start: ErrImagePull: no such image"),
        ([pod({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s3" not found'}})],
         'its pod cannot start: CreateContainerConfigError: secret "s3" not found'),
        ([pod({"waiting": {"reason": "ContainerCreating"}})], "is a volume missing?"),
        ([pod()], "is a volume missing?"),
    ],
)  # fmt: skip
def test_what_holds_a_pod_up_is_named(pods: list[dict[str, Any]], words: str) -> None:
    found = standing(job(), pods)
    assert words in str(found.held_up)
    assert not found.ended


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_no_waiting_mends_ends_the_run_at_once(reason: str) -> None:
    found = standing(job(), [pod({"waiting": {"reason": reason, "message": "m"}})])
    assert found.ended
    assert reason in str(found.failure)


@pytest.mark.parametrize(
    ("told", "pods", "words"),
    [
        (None, [], "its Job was deleted"),
        (job("Failed", reason="DeadlineExceeded"), [], "took longer than it may"),
        (job("Failed", reason="BackoffLimitExceeded"), [pod({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})],
         "more memory than its limit"),
        (job("Failed", reason="BackoffLimitExceeded"), [pod({"terminated": {"exitCode": 1, "reason": "Error"}})],
         "it ended with code 1 (Error)"),
        (job("Failed", reason="BackoffLimitExceeded", message="too many"), [], "BackoffLimitExceeded: too many"),
        (job(), [pod(phase="Failed", reason="Evicted", message="The node was low on memory")],
         "its pod was ended: Evicted: The node was low on memory"),
    ],
)  # fmt: skip
def test_how_a_run_ended_is_named(told: dict[str, Any] | None, pods: list[dict[str, Any]], words: str) -> None:
    found = standing(told, pods)
    assert found.ended
    assert words in str(found.failure)


def test_a_complete_job_ended_well() -> None:
    found = standing(job("Complete"), [pod({"terminated": {"exitCode": 0, "reason": "Completed"}}, phase="Succeeded")])
    assert (found.ended, found.failure, found.readable) == (True, None, True)


def test_of_several_pods_the_newest_counts() -> None:
    old, new = pod({"terminated": {"exitCode": 1}}), pod({"running": {}}, phase="Running")
    new["metadata"] = {"name": "pod-2", "creationTimestamp": "2026-11-25T08:05:00Z"}
    assert standing(job(), [new, old]).pod == "pod-2"
