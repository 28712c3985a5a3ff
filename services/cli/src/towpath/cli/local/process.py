"""A child process that writes to a log file, and ends with its starter unless it is detached."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from towpath.core.errors import TowpathError

__all__ = ["Process", "began", "stop_pid"]

_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
_TAIL_BYTES = 4000


class Process:
    """`command`; its standard output and error go to `log`, appended.

    Under a supervisor, so that it ends when this process ends, even by SIGKILL; with `detached` it stays.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        grace_s: float = 10.0,
        detached: bool = False,
        lock: Path | None = None,
    ) -> None:
        """With `lock`, that file is locked (flock) as long as the process lives, whoever started it."""
        self._lock = lock
        self.command, self.log, self.grace_s, self.detached = tuple(command), log, grace_s, detached
        self._environment = {**os.environ, **(environment or {})}
        self._popen: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self) -> None:
        """Raises TowpathError when there is no such command, or the lock is another process's."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        held = None if self._lock is None else _acquire(self._lock)
        try:
            self._start([] if held is None else [held])
        finally:
            if held is not None:
                os.close(held)

    def _start(self, inherited: Sequence[int]) -> None:
        read, write = os.pipe()
        try:
            supervise = [sys.executable, "-I", "-S", _SUPERVISOR, str(write), str(self.grace_s)]
            command = self.command if self.detached else [*supervise, *self.command]
            self._popen = self._spawn(command, inherited if self.detached else [write, *inherited])
        except OSError as error:
            os.close(read)
            raise TowpathError(f"cannot start {self.command[0]}: {error}") from error
        finally:
            os.close(write)
        with os.fdopen(read, "rb") as pipe:
            line = pipe.readline()
        if not line and not self.detached:
            self._popen.wait()
            self._close_pipe()
            raise TowpathError(f"cannot start {self.command[0]}; the log ends:\n{self.tail()}")
        self._pid = int(line) if line else self._popen.pid

    def _spawn(self, command: Sequence[str], inherited: Sequence[int]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            # A session of its own: a terminal's Ctrl-C reaches the starter alone, which stops things in order.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if self.detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                pass_fds=inherited,
            )

    @property
    def alive(self) -> bool:
        return self._popen is not None and self.code is None

    @property
    def code(self) -> int | None:
        """The exit code (128 + the signal that ended it), None while it runs or before it was started."""
        code = None if self._popen is None else self._popen.poll()
        if code is not None:
            self._close_pipe()
        return 128 - code if code is not None and code < 0 else code

    @property
    def pid(self) -> int | None:
        """The process id of the command itself, None when it does not run."""
        return self._pid if self.alive else None

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self._popen is not None and self.alive:
            self._popen.terminate()

    def stop(self) -> int | None:
        """SIGTERM, then SIGKILL after the grace period; returns the exit code, None if it was never started."""
        if self._popen is None:
            return None
        self.ask_to_stop()
        try:
            self._popen.wait(self.grace_s + 5.0)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.code

    def kill(self) -> None:
        """SIGKILL to the command, as a fault would, and wait until it is gone."""
        if self._popen is None:
            return
        if self.alive and self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._popen.wait(10)
        self._close_pipe()

    def tail(self) -> str:
        """The end of the log, for error messages."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")

    def _close_pipe(self) -> None:
        if self._popen is not None and self._popen.stdin is not None:
            self._popen.stdin.close()


def _acquire(path: Path) -> int:
    """A descriptor that holds the lock, for the child to inherit: the lock lasts as long as the last of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise TowpathError(f"{path.parent} is in use by another process") from error
    return held


def began(pid: int) -> float | None:
    """When the process `pid` began, in seconds since the epoch; None when it does not run."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def stop_pid(pid: int, since: float, *, grace_s: float = 10.0) -> bool:
    """Stop a process that an earlier command started at `since`; False when it was gone already.

    A pid that was given to another process meanwhile has another beginning, and is left alone.
    """
    seen = began(pid)
    if seen is None or abs(seen - since) > 0.5:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.terminate()
        try:
            process.wait(grace_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)
    return True
