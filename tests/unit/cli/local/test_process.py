"""Children end with their starter, however it ends, and a reused pid is never touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from towpath.cli.local import Process
from towpath.cli.local.process import began, stop_pid
from towpath.core.errors import TowpathError

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(300)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)",
]
STARTER = """
import sys, pathlib, time
from towpath.cli.local.process import Process
process = Process([sys.executable, "-c", "import time; time.sleep(300)"], log=pathlib.Path(sys.argv[1]))
process.start()
print(process.pid, flush=True)
time.sleep(300)
"""


def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.02)


def test_it_writes_to_its_log_and_gives_its_exit_code(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "print('hello'); raise SystemExit(3)"], log=tmp_path / "logs" / "a.log")
    process.start()
    until(lambda: not process.alive)
    assert (process.code, process.tail(), process.pid) == (3, "hello\n", None)


def test_the_environment_is_added_to_the_own_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import os; print(os.environ['TOWPATH_X'], 'PATH' in os.environ)"]
    process = Process(command, log=tmp_path / "a.log", environment={"TOWPATH_X": "1"})
    process.start()
    until(lambda: not process.alive)
    assert process.tail() == "1 True\n"


def test_stop_asks_first(tmp_path: Path) -> None:
    process = Process(SLEEPER, log=tmp_path / "a.log")
    process.start()
    assert process.pid is not None
    assert process.stop() == 128 + signal.SIGTERM
    assert not process.alive


def test_stop_does_not_ask_for_ever(tmp_path: Path) -> None:
    process = Process(STUBBORN, log=tmp_path / "a.log", grace_s=0.2)
    process.start()
    until(lambda: "up" in process.tail())
    assert process.stop() == 128 + signal.SIGKILL


def test_kill_hits_the_command_itself(tmp_path: Path) -> None:
    process = Process(STUBBORN, log=tmp_path / "a.log")
    process.start()
    pid = process.pid
    assert pid is not None
    assert pid in [child.pid for child in psutil.Process().children(recursive=True)]
    process.kill()
    assert not psutil.pid_exists(pid)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TowpathError, match="cannot start /no/such"):
        Process(["/no/such"], log=tmp_path / "a.log").start()
    with pytest.raises(TowpathError, match="cannot start /no/such"):
        Process(["/no/such"], log=tmp_path / "a.log", detached=True).start()


def test_sigkill_of_the_starter_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with subprocess.Popen([sys.executable, "-c", STARTER, str(log)], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        supervisor = psutil.Process(pid).ppid()
        starter.kill()
    until(lambda: not psutil.pid_exists(pid) and not psutil.pid_exists(supervisor))


def test_sigkill_of_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    process = Process(SLEEPER, log=tmp_path / "a.log")
    process.start()
    pid = process.pid
    assert pid is not None
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    until(lambda: began(pid) is None)
    process.stop()


def test_a_detached_process_is_stopped_by_pid_and_beginning(tmp_path: Path) -> None:
    process = Process(SLEEPER, log=tmp_path / "a.log", detached=True)
    process.start()
    pid = process.pid
    assert pid is not None
    since = began(pid)
    assert since is not None
    assert not stop_pid(pid, since - 100), "another process that got the same pid must be left alone"
    assert process.alive
    assert stop_pid(pid, since)
    until(lambda: not process.alive)
    assert not stop_pid(pid, since)


@pytest.mark.parametrize("detached", [False, True])
def test_a_lock_is_held_as_long_as_the_command_lives(tmp_path: Path, detached: bool) -> None:
    lock = tmp_path / "in-use"
    first = Process(SLEEPER, log=tmp_path / "a.log", lock=lock, detached=detached)
    first.start()
    second = Process(SLEEPER, log=tmp_path / "b.log", lock=lock)
    with pytest.raises(TowpathError, match="in use by another process"):
        second.start()
    first.stop()
    second.start()
    second.stop()
