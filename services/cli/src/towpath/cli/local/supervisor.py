"""Keep a command only as long as whoever started it lives: `python supervisor.py PID_FD GRACE_S COMMAND…`.

The starter holds the other end of this process's standard input. When it goes away, however it ends (SIGKILL
too), the pipe closes, and the command is stopped: SIGTERM, then SIGKILL after GRACE_S seconds. SIGTERM here does
the same. Should this process itself be killed, the kernel kills the command (PR_SET_PDEATHSIG). The command's pid
is written to the descriptor PID_FD. Standard library only, and run as a file: it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code, or 128 + the signal that ended it."""
    pid_fd, grace_s, command = int(arguments[0]), float(arguments[1]), arguments[2:]
    starter = os.getppid()
    wake, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    # A terminal's Ctrl-C goes to the starter, which decides what it means for the command.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)
    os.write(pid_fd, f"{child.pid}\n".encode())
    os.close(pid_fd)
    _wait(child, starter, wake)
    code = _end(child, grace_s)
    return code if code >= 0 else 128 - code


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # The signal follows the thread that forked: this process has but one.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(child: subprocess.Popen[bytes], starter: int, wake: int) -> None:
    """Return when the command has ended, or should."""
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while child.poll() is None:
            ready = [key.fd for key, _ in selector.select(timeout=1.0)]
            # The starter's id is looked at too: a fork of it may hold the pipe open beyond its end.
            if 0 in ready or os.getppid() != starter:
                return
            if wake in ready and signal.SIGTERM in os.read(wake, 64):
                return


def _end(child: subprocess.Popen[bytes], grace_s: float) -> int:
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
