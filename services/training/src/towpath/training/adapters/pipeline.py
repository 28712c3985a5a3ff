"""The pipeline in a process of its own: its memory and its crashes are not the service's."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from towpath.core.errors import RetryableError, TowpathError

__all__ = ["run_process"]


def run_process(
    arguments: Sequence[str],
    log: Path,
    on_step: Callable[[dict[str, Any]], None],
    stop: threading.Event,
    *,
    module: str = "towpath.pipelines",
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
    done = threading.Event()
    watcher = threading.Thread(target=_end_on_stop, args=(process, stop, done), daemon=True)
    watcher.start()
    try:
        last = _follow(process, on_step)
        code = process.wait()
    finally:
        done.set()
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if stop.is_set() and "result" not in last:
        raise RetryableError("interrupted by a shutdown")
    if code != 0 or "result" not in last:
        raise TowpathError(last.get("error") or f"the pipeline ended with code {code}; see {log}")
    result: dict[str, Any] = last["result"]
    return result


def _follow(process: subprocess.Popen[str], on_step: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for line in process.stdout or ():
        try:
            said = json.loads(line)
        except ValueError:
            continue  # a library that writes to standard output
        if isinstance(said, dict) and "step" in said:
            on_step(said["step"])
        elif isinstance(said, dict):
            last = said
    return last


def _end_on_stop(process: subprocess.Popen[str], stop: threading.Event, done: threading.Event) -> None:
    while not done.wait(0.1):
        if stop.is_set():
            process.terminate()
            return
