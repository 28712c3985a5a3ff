"""The pipeline in a process of its own: its memory and its crashes are not the service's."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from towpath.core.errors import RetryableError
from towpath.training.adapters.progress import OnStep, Progress

__all__ = ["run_process"]


def run_process(
    arguments: Sequence[str], log: Path, on_step: OnStep, stop: threading.Event, *, module: str = "towpath.pipelines"
) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS`; returns its result.

    Args:
        log: file for what it writes on standard error.
        stop: ends it, as a shutdown does.

    Raises:
        TowpathError: it failed; the message says what it said.
        RetryableError: it was stopped.
    """
    command = [sys.executable, "-m", module, *arguments]
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
        )
    done, progress = threading.Event(), Progress(on_step)
    watcher = threading.Thread(target=_end_on_stop, args=(process, stop, done), daemon=True)
    watcher.start()
    try:
        for line in process.stdout or ():
            progress.line(line)
        code = process.wait()
    finally:
        done.set()
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if stop.is_set() and progress.result is None:
        raise RetryableError("interrupted by a shutdown")
    return progress.outcome(failure=f"the pipeline ended with code {code}; see {log}" if code else None)


def _end_on_stop(process: subprocess.Popen[str], stop: threading.Event, done: threading.Event) -> None:
    while not done.wait(0.1):
        if stop.is_set():
            process.terminate()
            return
