"""What the state of a Job and its pod says: goes on, is held up by something, or has ended and how. Pure.

Jobs and pods are as the Kubernetes API writes them in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Standing", "standing"]

Json = Mapping[str, Any]
# What no waiting will mend.
_HOPELESS = {"InvalidImageName", "ErrImageNeverPull"}
_ORDINARY = {"ContainerCreating", "PodInitializing"}


@dataclass(frozen=True)
class Standing:
    """How a run stands.

    Attributes:
        pod: name of its pod, None where there is none.
        readable: the pod's container has begun, so it has a log.
        held_up: what keeps it from starting, in words.
        ended: it will not go on.
        failure: how it ended, None where it ended well.
    """

    pod: str | None = None
    readable: bool = False
    held_up: str | None = None
    ended: bool = False
    failure: str | None = None


def standing(job: Json | None, pods: Sequence[Json]) -> Standing:
    """Where the run of `job` (None: it is gone) stands, given its `pods`."""
    pod = max(pods, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), default=None)
    name = pod["metadata"]["name"] if pod else None
    state = _state(pod)
    readable = "running" in state or "terminated" in state
    if job is None:
        return Standing(name, readable, ended=True, failure="its Job was deleted while it ran")
    failed = _condition(job, "Failed")
    if failed is not None:
        return Standing(name, readable, ended=True, failure=_why(failed, pod, state))
    if _condition(job, "Complete") is not None or (pod and pod["status"].get("phase") == "Succeeded"):
        return Standing(name, readable, ended=True)
    if pod and pod["status"].get("phase") == "Failed":
        return Standing(name, readable, ended=True, failure=_why({}, pod, state))
    reason, words = _held_up(pod, state)
    if reason in _HOPELESS:
        return Standing(name, ended=True, failure=words)
    return Standing(name, readable, held_up=words)


def _why(condition: Json, pod: Json | None, state: Json) -> str:
    if condition.get("reason") == "DeadlineExceeded":
        return "it took longer than it may (training.job.activeDeadlineSeconds): DeadlineExceeded"
    ended = state.get("terminated", {})
    if ended.get("reason") == "OOMKilled":
        return "it needed more memory than its limit (training.job.resources): OOMKilled"
    status = pod["status"] if pod else {}
    if status.get("reason"):
        return f"its pod was ended: {status['reason']}: {status.get('message', '')}".rstrip(": ")
    if ended:
        words = f"it ended with code {ended.get('exitCode')} ({ended.get('reason', 'Error')})"
        return f"{words}: {ended['message']}" if ended.get("message") else words
    return f"{condition.get('reason', 'its pod is gone')}: {condition.get('message', 'the pod was deleted')}"


def _held_up(pod: Json | None, state: Json) -> tuple[str | None, str | None]:
    if pod is None:
        return None, (
            "no pod was made for the Job: a quota, Pod Security or an admission webhook may be in the way "
            "(kubectl describe job)"
        )
    scheduled = _condition(pod, "PodScheduled", "False")
    if scheduled is not None:
        return None, f"its pod cannot be placed: {scheduled.get('reason')}: {scheduled.get('message')}"
    waiting = state.get("waiting")
    if waiting and waiting.get("reason") not in _ORDINARY:
        return waiting.get("reason"), f"its pod cannot start: {waiting.get('reason')}: {waiting.get('message', '')}"
    if waiting or not state:
        return None, "its pod was placed and has not started: is a volume missing? (kubectl describe pod)"
    return None, None


def _state(pod: Json | None) -> Json:
    statuses = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    found: Json = statuses[0].get("state") or {}
    return {name: value for name, value in found.items() if value is not None}


def _condition(thing: Json, kind: str, status: str = "True") -> Json | None:
    conditions = thing.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == kind and each["status"] == status), None)
