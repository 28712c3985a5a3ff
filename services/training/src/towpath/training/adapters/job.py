"""The pipeline as a Kubernetes Job: from a template that the chart renders, followed by its log to its end."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import structlog
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from towpath.core.errors import ConflictError, NotFoundError, RejectedError, RetryableError, TowpathError
from towpath.core.service import Backoff
from towpath.training.adapters.cluster import Cluster
from towpath.training.adapters.pod_log import PodLog
from towpath.training.adapters.progress import OnStep, Progress
from towpath.training.domain.pods import Standing, standing

__all__ = ["JobLauncher", "load_template"]

Json = dict[str, Any]
T = TypeVar("T")
_log = structlog.get_logger(__name__)
_RUN, _TRACE, _INSTALLATION = "towpath.io/run", "towpath.io/trace", "app.kubernetes.io/instance"
_MAX_NAME = 63


@dataclass(frozen=True)
class JobLauncher:
    """`run_process`'s counterpart on a cluster.

    Args:
        template: a whole batch/v1 Job; its first container gets the arguments.
        start_s: how long its pod may take to start.
        away_s: how long the API server may be away.
        poll_s: between two looks at the Job.
    """

    cluster: Cluster
    template: Json
    start_s: float = 300.0
    away_s: float = 300.0
    poll_s: float = 2.0

    def run(self, arguments: Sequence[str], log: Path, on_step: OnStep, stop: threading.Event) -> dict[str, Any]:
        """Run it; returns the pipeline's result. The Job of a run that was stopped or could not start is deleted.

        Args:
            log: file for what it writes beside its steps.

        Raises:
            TowpathError: it failed; the message names the reason.
            RetryableError: it was stopped, or Kubernetes is away.
        """
        run_id = arguments[arguments.index("--run-id") + 1]
        self.patiently(lambda: self._clear_away(run_id), stop)
        owner = self.patiently(self.cluster.own_pod, stop)
        manifest = _named(self.template, run_id, arguments, owner)
        with log.open("a", encoding="utf-8") as out:
            followed = _Followed(self, manifest, Progress(on_step, lambda text: _write(out, text)), stop)
            try:
                return followed.run()
            finally:
                followed.close()

    def patiently(self, ask: Callable[[], T], stop: threading.Event) -> T:
        """What `ask` answers, once the API server does. Raises RetryableError when it does not for `away_s`."""
        backoff, begin = Backoff(base_s=0.5), time.monotonic()
        while True:
            try:
                return ask()
            except RetryableError as error:
                if time.monotonic() - begin > self.away_s:
                    raise
                _log.info("training.kubernetes_waiting", reason=str(error)[:300])
            if backoff.wait(stop):
                raise RetryableError("interrupted by a shutdown")

    def _clear_away(self, run_id: str) -> None:
        """Of earlier lives of this service: their runs are failed, and nobody waits for their Jobs."""
        labels = self.template["metadata"].get("labels", {})
        mine = f",{_INSTALLATION}={labels[_INSTALLATION]}" if _INSTALLATION in labels else ""
        for job in self.cluster.jobs(f"{_RUN},{_RUN}!={run_id}{mine}"):
            if not standing(job, []).ended:
                self.cluster.delete_job(job["metadata"]["name"])
                _log.warning("training.job_cleared", job=job["metadata"]["name"])


class _Followed:
    """One Job, from its creation to its end."""

    def __init__(self, launcher: JobLauncher, manifest: Json, progress: Progress, stop: threading.Event) -> None:
        self._launcher, self._cluster, self._manifest = launcher, launcher.cluster, manifest
        self._name: str = manifest["metadata"]["name"]
        self._progress, self._stop = progress, stop
        self._log: PodLog | None = None
        self._kept = False

    def run(self) -> dict[str, Any]:
        self._launcher.patiently(self._create, self._stop)
        begin = time.monotonic()
        while True:
            stands = self._launcher.patiently(self._look, self._stop)
            self._take_lines(stands)
            if stands.ended:
                return self._end(stands)
            if stands.held_up is not None and time.monotonic() - begin > self._launcher.start_s:
                raise TowpathError(
                    f"{self._words(stands.held_up)}; given up after {self._launcher.start_s:g} s "
                    "(TOWPATH_TRAINING_JOB_START_S)"
                )
            if self._stop.wait(self._launcher.poll_s):
                raise RetryableError("interrupted by a shutdown")

    def close(self) -> None:
        """Delete the Job unless it has ended by itself: then its log stays to be read for a while."""
        if self._log is not None:
            self._log.close()
        if self._kept:
            return
        try:
            self._cluster.delete_job(self._name)
        except (RetryableError, RejectedError) as error:
            _log.warning("training.job_left", job=self._name, reason=str(error)[:500])

    def _create(self) -> None:
        try:
            self._cluster.create_job(self._manifest)
        except ConflictError:
            return  # an earlier try arrived after all: the name is this run's alone

    def _look(self) -> Standing:
        try:
            job = self._cluster.job(self._name)
        except NotFoundError:
            return standing(None, [])
        return standing(job, self._cluster.pods(self._name))

    def _take_lines(self, stands: Standing) -> None:
        if self._log is None and stands.readable and stands.pod is not None:
            self._log = PodLog(self._cluster, stands.pod)
        if self._log is not None:
            for line in self._log.ready():
                self._progress.line(line)

    def _end(self, stands: Standing) -> dict[str, Any]:
        self._kept = True
        failure = None if stands.failure is None else self._words(stands.failure)
        if self._log is not None:
            try:
                self._launcher.patiently(self._log.read_rest, self._stop)
            except (RetryableError, RejectedError) as error:
                failure = failure or self._words(f"its log cannot be read: {error}")
            self._take_lines(stands)
        return self._progress.outcome(failure=failure)

    def _words(self, what: str) -> str:
        return f"the Job {self._name} in {self._cluster.namespace}: {what}"


def load_template(file: Path) -> Json:
    """The Job that runs are made from.

    Raises:
        RejectedError: there is none.
    """
    try:
        made = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        containers = made["spec"]["template"]["spec"]["containers"]
        if made["kind"] != "Job" or not containers or "name" not in made["metadata"]:
            raise RejectedError("is no Job with a name and a container", where=str(file))
    except (OSError, YAMLError, KeyError, TypeError) as error:
        raise RejectedError(
            f"no Job to make runs from ({error!r}): mount the chart's template, or set "
            "TOWPATH_TRAINING_RUNNER to direct",
            where=str(file),
        ) from error
    job: Json = made
    return job


def _named(template: Json, run_id: str, arguments: Sequence[str], owner: Json | None) -> Json:
    job = copy.deepcopy(template)
    about, spec = job["metadata"], job["spec"]
    trace_id = arguments[arguments.index("--trace-id") + 1] if "--trace-id" in arguments else ""
    tail = f"-{run_id.removeprefix('run-')}"
    about["name"] = about["name"][: _MAX_NAME - len(tail)].rstrip("-.") + tail
    about.pop("namespace", None)
    for labelled in (about, spec["template"].setdefault("metadata", {})):
        labelled.setdefault("labels", {})[_RUN] = run_id
        if trace_id:
            labelled["labels"][_TRACE] = trace_id
    spec["template"]["spec"]["containers"][0]["args"] = list(arguments)
    # One try: a run that failed is told, and started again by whoever wants it.
    spec.setdefault("backoffLimit", 0)
    spec.setdefault("ttlSecondsAfterFinished", 86_400)
    spec.setdefault("activeDeadlineSeconds", 14_400)
    if owner is not None:
        identity = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        about["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", **identity}]
    return job


def _write(out: TextIO, text: str) -> None:
    out.write(text + "\n")
    out.flush()
