"""The compiled pipeline on this machine: `kfp.local` with each stage in a process of its own."""

from __future__ import annotations

import io
import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from towpath.core.errors import TowpathError
from towpath.pipelines.inputs import OnStep, StepEvent

__all__ = ["run_locally"]


def run_locally(folder: Path, tell: OnStep) -> dict[str, float]:
    """Run it on a prepared folder; returns the seconds of each stage.

    Raises:
        TowpathError: a stage failed; its log is on standard error.
    """
    # Slow to import, and needed for this runner only.
    from kfp import local

    from towpath.pipelines.kfp.pipeline import training

    logging.getLogger("kfp").setLevel(logging.WARNING)
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "kfp"))
    seconds, begin = {}, time.perf_counter()

    def told(event: StepEvent) -> None:
        tell(event)
        if event.status == "succeeded":
            seconds[event.step] = event.seconds

    try:
        # What stages write on their standard output, kfp prints on ours.
        with redirect_stdout(_Lines(told)):
            training(folder=str(folder))
    except RuntimeError as error:
        tell(StepEvent("pipeline", "failed", time.perf_counter() - begin, str(error)))
        raise TowpathError(f"the pipeline failed in kfp.local: {error}") from error
    return seconds


class _Lines(io.TextIOBase):
    """Tells the steps that stages tell; everything else goes to standard error."""

    def __init__(self, tell: Callable[[StepEvent], None]) -> None:
        self._tell, self._left, self._outer = tell, "", sys.stdout

    def write(self, text: str) -> int:
        *lines, self._left = (self._left + text).split("\n")
        for line in lines:
            event = _event(line)
            if event is None:
                sys.stderr.write(line + "\n")
            else:
                with redirect_stdout(self._outer):
                    self._tell(event)
        return len(text)


def _event(line: str) -> StepEvent | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return StepEvent(**said["step"]) if isinstance(said, dict) and set(said) == {"step"} else None
