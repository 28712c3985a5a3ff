"""The compiled pipeline on a Kubeflow Pipelines backend: submitted by its API, and followed to its end."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.core.service import Backoff
from towpath.pipelines.inputs import OnStep, StepEvent
from towpath.pipelines.stages import STAGES

__all__ = ["KfpBackend", "run_on_backend"]

_log = structlog.get_logger(__name__)
_TIMEOUT_S = 30.0
_WELL, _BADLY = {"SUCCEEDED"}, {"FAILED", "CANCELED", "SKIPPED"}


@dataclass(frozen=True)
class KfpBackend:
    """Where the pipeline is submitted to.

    Args:
        endpoint: URL of the KFP API.
        image: of the stages; the compiled one when empty.
        volume: the claim with the run's folder, in the namespace where KFP's pods run, mounted at /var/lib/towpath.
        namespace: the user's, where KFP has several users.
        poll_s: between two looks at the run.
        away_s: how long the API may be away while the run goes on.
    """

    endpoint: str
    image: str = ""
    volume: str = "towpath-store"
    namespace: str = ""
    poll_s: float = 3.0
    away_s: float = 300.0


def run_on_backend(folder: Path, experiment: str, tell: OnStep, backend: KfpBackend) -> dict[str, float]:
    """Run it on a prepared folder, whose name is the run's; returns the seconds of each stage.

    A run that this process cannot follow to its end (SIGTERM raised as SystemExit, too) is terminated.

    Raises:
        TowpathError: it failed, or was terminated by somebody; the message says which stage and why.
        RejectedError: the folder is not on the volume, or KFP refuses the pipeline.
        RetryableError: the API is away.
    """
    from towpath.pipelines.kfp.pipeline import MOUNT

    if not folder.is_relative_to(MOUNT):
        raise RejectedError(f"{folder} is not on the volume that KFP's pods mount at {MOUNT}: set TOWPATH_HOME to it")
    with redirect_stdout(sys.stderr), _told(backend, "connecting"):
        client = _client(backend)
    with redirect_stdout(sys.stderr), _told(backend, "submitting the pipeline"):
        run_id = _submit(client, folder, experiment, backend)
    try:
        run, seconds = _follow(client, run_id, tell, backend)
    except BaseException:
        _terminate(client, run_id, backend)
        raise
    if run.state in _BADLY:
        raise TowpathError(f"the KFP run {run_id} ended as {run.state}: {_why(run)}")
    return seconds


def _client(backend: KfpBackend) -> Any:
    from kfp import Client

    with warnings.catch_warnings():
        # It warns whoever still has a backend of version 1.
        warnings.simplefilter("ignore", FutureWarning)
        return Client(host=backend.endpoint)


def _submit(client: Any, folder: Path, experiment: str, backend: KfpBackend) -> str:
    # KFP's client takes the pipeline as a file of this ending only.
    handle, name = tempfile.mkstemp(suffix=".yaml")
    os.close(handle)
    package = Path(name)
    try:
        package.write_text(_pipeline(backend.image))
        made = client.create_run_from_pipeline_package(
            str(package),
            arguments={"folder": str(folder), "volume": backend.volume},
            run_name=folder.name,
            experiment_name=experiment,
            namespace=backend.namespace or None,
        )
    finally:
        package.unlink()
    return str(made.run_id)


def _pipeline(image: str) -> str:
    from towpath.pipelines.kfp.compile import COMPILED
    from towpath.pipelines.kfp.pipeline import IMAGE

    compiled = COMPILED.read_text(encoding="utf-8")
    return compiled.replace(f"image: {IMAGE}\n", f"image: {image}\n") if image else compiled


def _follow(client: Any, run_id: str, tell: OnStep, backend: KfpBackend) -> tuple[Any, dict[str, float]]:
    """The run as it ended, and its stages' seconds."""
    told: dict[str, StepEvent] = {}
    while True:
        run = _look(client, run_id, backend)
        for event in _events(run):
            if told.get(event.step) != event:
                told[event.step] = event
                tell(event)
        if run.state in _WELL | _BADLY:
            return run, {event.step: event.seconds for event in told.values()}
        time.sleep(backend.poll_s)


def _look(client: Any, run_id: str, backend: KfpBackend) -> Any:
    begin, backoff, never = time.monotonic(), Backoff(base_s=0.5), threading.Event()
    while True:
        try:
            with _told(backend, f"reading the run {run_id}"):
                return client.runs.run_service_get_run(run_id, _request_timeout=_TIMEOUT_S)
        except RetryableError as error:
            if time.monotonic() - begin > backend.away_s:
                raise
            _log.info("kfp.waiting", reason=str(error)[:300])
        backoff.wait(never)


def _events(run: Any) -> Iterator[StepEvent]:
    """What is known of each stage, in the pipeline's order."""
    details = {each.display_name: each for each in (run.run_details and run.run_details.task_details) or ()}
    for name in STAGES:
        task = details.get(name)
        if task is None or task.state in (None, "RUNTIME_STATE_UNSPECIFIED", "PENDING"):
            continue
        seconds = (task.end_time - task.start_time).total_seconds() if task.end_time and task.start_time else 0.0
        if task.state in _WELL:
            yield StepEvent(name, "succeeded", max(0.0, seconds))
        elif task.state in _BADLY:
            yield StepEvent(name, "failed", max(0.0, seconds), task.error.message if task.error else task.state)
        else:
            yield StepEvent(name, "running")


def _why(run: Any) -> str:
    failed = next((event for event in _events(run) if event.status == "failed"), None)
    words = [f"the stage {failed.step} failed: {failed.detail}"] if failed else []
    if run.error is not None and run.error.message:
        words.append(run.error.message)
    return "; ".join(words) or "KFP does not say why; look at the run's pods"


def _terminate(client: Any, run_id: str, backend: KfpBackend) -> None:
    try:
        with _told(backend, f"terminating the run {run_id}"):
            client.runs.run_service_terminate_run(run_id, _request_timeout=_TIMEOUT_S)
    except TowpathError as error:
        _log.warning("kfp.run_left", run_id=run_id, reason=str(error)[:500])


@contextmanager
def _told(backend: KfpBackend, doing: str) -> Iterator[None]:
    from kfp_server_api.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    where = f"KFP at {backend.endpoint}"
    try:
        yield
    except ApiException as error:
        said = f"{error.status} {error.reason}: {str(error.body or '')[:500]}"
        if error.status in (401, 403):
            raise RejectedError(f"{where} forbids {doing}: {said}: may training's service account use it?") from error
        if error.status is not None and 400 <= error.status < 500 and error.status not in (408, 429):
            raise RejectedError(f"{where} refuses {doing}: {said}") from error
        raise RetryableError(f"{where} failed while {doing}: {said}") from error
    except (HTTPError, OSError, ValueError) as error:
        raise RetryableError(f"{where} does not answer while {doing}: {error}") from error
