"""A child process that ends with its starter, and writes to a log file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

__all__ = ["Process"]

_TAIL_BYTES = 4000


class Process:
    """`command` under the supervisor. Its standard output and error go to `log`, appended."""

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, grace_s: float = 10.0
    ) -> None:
        self.command, self.log, self.grace_s = tuple(command), log, grace_s
        self._environment = {**os.environ, **(environment or {})}
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        supervise = [sys.executable, "-m", "towpath.cli.local.supervisor", "--grace", str(self.grace_s), "--"]
        with self.log.open("ab") as log:
            self._supervisor = subprocess.Popen(
                [*supervise, *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        return self._supervisor is not None and self._supervisor.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs or before it was started."""
        return None if self._supervisor is None else self._supervisor.poll()

    @property
    def pid(self) -> int | None:
        """The process id of the command itself, None when it does not run."""
        child = self._child()
        return None if child is None else child.pid

    def stop(self) -> int | None:
        """SIGTERM, then SIGKILL after the grace period; returns the exit code."""
        if self._supervisor is None:
            return None
        self._supervisor.terminate()
        code = self._supervisor.wait(self.grace_s + 10)
        self._close_pipe()
        return code

    def kill(self) -> None:
        """SIGKILL to the command, as a fault would."""
        child = self._child()
        if child is not None:
            child.send_signal(signal.SIGKILL)
        if self._supervisor is not None:
            self._supervisor.wait(10)
            self._close_pipe()

    def tail(self) -> str:
        """The end of the log, for error messages."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")

    def _child(self) -> psutil.Process | None:
        if not self.alive or self._supervisor is None:
            return None
        try:
            children = psutil.Process(self._supervisor.pid).children()
        except psutil.NoSuchProcess:
            return None
        return children[0] if children else None

    def _close_pipe(self) -> None:
        if self._supervisor is not None and self._supervisor.stdin is not None:
            self._supervisor.stdin.close()
