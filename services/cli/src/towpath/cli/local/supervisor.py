"""Keep a child process only as long as whoever started it lives: `python -m towpath.cli.local.supervisor -- COMMAND`.

The starter holds the other end of this process's standard input. When it goes away, however it ends (SIGKILL
too), the pipe closes, and the child is stopped: SIGTERM, then SIGKILL after the grace period. SIGTERM here does the
same. Should this process itself be killed, the kernel kills the child (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code, or 128 + the signal that ended it."""
    parser = argparse.ArgumentParser(description="Run COMMAND until it ends or standard input closes.")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between SIGTERM and SIGKILL")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    # A terminal's Ctrl-C goes to the whole group; the starter decides what it means for the child.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    child = subprocess.Popen(
        options.command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent
    )
    while child.poll() is None and not stopping and not _starter_is_gone():
        pass
    return _code(child.returncode if child.returncode is not None else _end(child, options.grace))


def _die_with_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _starter_is_gone() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0.2)
    return bool(readable) and os.read(sys.stdin.fileno(), 1) == b""


def _end(child: subprocess.Popen[bytes], grace_s: float) -> int:
    child.terminate()
    deadline = time.monotonic() + grace_s
    try:
        return child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _code(returncode: int) -> int:
    return returncode if returncode >= 0 else 128 - returncode


if __name__ == "__main__":
    sys.exit(main())
