"""Where a run's pipeline runs: in a process here, which may submit it to KFP, or in a Job beside this pod."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from towpath.core.errors import RejectedError
from towpath.training.adapters.cluster import Cluster
from towpath.training.adapters.job import JobLauncher, load_template
from towpath.training.adapters.pipeline import run_process
from towpath.training.adapters.progress import OnStep
from towpath.training.settings import TrainingSettings

__all__ = ["Launch", "new_launch"]


class Launch(Protocol):
    """Runs `python -m towpath.pipelines ARGUMENTS` somewhere and returns its result.

    Raises:
        TowpathError: it failed; the message says what it said, or the reason.
        RetryableError: it was stopped.
    """

    def __call__(
        self, arguments: Sequence[str], log: Path, on_step: OnStep, stop: threading.Event, /
    ) -> dict[str, Any]: ...


def new_launch(settings: TrainingSettings) -> Launch:
    """What the setting `training_runner` names.

    Raises:
        RejectedError: it needs something that is not here; the message says what.
    """
    if settings.training_runner == "job":
        template = load_template(settings.training_job_template)
        launcher = JobLauncher(Cluster.around(), template, start_s=settings.training_job_start_s)
        return _with(["--runner", "kfp-local"], launcher.run)
    if settings.training_runner == "kfp":
        return _with(_kfp(settings), run_process)
    return _with(["--runner", settings.training_runner], run_process)


def _kfp(settings: TrainingSettings) -> list[str]:
    if not settings.training_kfp_endpoint:
        raise RejectedError("the runner kfp needs the URL of a KFP API: set TOWPATH_TRAINING_KFP_ENDPOINT")
    arguments = ["--runner", "kfp", "--kfp-endpoint", settings.training_kfp_endpoint]
    arguments += ["--kfp-namespace", settings.training_kfp_namespace, "--image", settings.training_image]
    return [*arguments, "--volume", settings.training_volume_claim]


def _with(more: Sequence[str], launch: Launch) -> Launch:
    def run(arguments: Sequence[str], log: Path, on_step: OnStep, stop: threading.Event) -> dict[str, Any]:
        return launch([*arguments, *more], log, on_step, stop)

    return run
