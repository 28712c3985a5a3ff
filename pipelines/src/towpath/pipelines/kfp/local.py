"""The compiled pipeline on this machine: `kfp.local` with each stage in a process of its own."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from towpath.core.errors import TowpathError
from towpath.pipelines.inputs import OnStep, StepEvent
from towpath.pipelines.stages import STAGES

__all__ = ["run_locally"]


def run_locally(folder: Path, tell: OnStep) -> dict[str, float]:
    """Run it on a prepared folder; returns the seconds of the whole (kfp does not say when a step ends).

    Raises:
        TowpathError: a stage failed; its log is on standard error.
    """
    # Slow to import, and needed for this runner only.
    from kfp import local

    from towpath.pipelines.kfp.pipeline import training

    logging.getLogger("kfp").setLevel(logging.WARNING)
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "kfp"))
    begin = time.perf_counter()
    for name in STAGES:
        tell(StepEvent(name, "running"))
    try:
        training(folder=str(folder))
    except RuntimeError as error:
        tell(StepEvent("pipeline", "failed", time.perf_counter() - begin, str(error)))
        raise TowpathError(f"the pipeline failed in kfp.local: {error}") from error
    seconds = time.perf_counter() - begin
    for name in STAGES:
        tell(StepEvent(name, "succeeded"))
    return {"pipeline": seconds}
