"""`towpath up`, `status` and `down`: what was started stays, is found again, and is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from towpath.cli.local.process import began
from towpath.cli.local.state import Started, Up

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]


def towpath(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOWPATH_")}
    return subprocess.run(
        [sys.executable, "-m", "towpath.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**environment, "TOWPATH_HOME": str(home), "TOWPATH_OBJECTIVE": str(ROOT / "objective.yaml")},
    )


def test_up_status_down(tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        done = towpath(home, "up")
        assert done.returncode == 0, done.stdout + done.stderr
        up = Up.load(home)
        assert up is not None
        assert {each.name for each in up.alive} == {"kafka", "ingestion", "serving", "monitoring", "training"}

        shown = towpath(home, "status")
        assert shown.returncode == 1, "serving has no model yet"
        assert "no release on the models topic yet" in shown.stdout
        assert "towpath.predictions" in shown.stdout

        ill = towpath(home, "doctor", "--json", "--wait", "5")
        assert ill.returncode == 1, ill.stdout + ill.stderr
        found = {each["check"]: each for each in map(json.loads, ill.stdout.splitlines())}
        bad = {name: each["state"] for name, each in found.items() if each["state"] != "ok"}
        assert bad == {"serving is ready": "failed", "prediction": "not tried", "total": "not tried"}
        assert "train one" in found["serving is ready"]["advice"]
        assert "→ there is no model to serve yet" in towpath(home, "doctor").stdout

        again = towpath(home, "up")
        assert again.returncode != 0
        assert "run already" in again.stderr

        monitoring = next(each for each in up.processes if each.name == "monitoring")
        os.kill(monitoring.pid, signal.SIGKILL)
        assert "ended; see" in towpath(home, "status").stdout
    finally:
        down = towpath(home, "down")
    assert down.returncode == 0
    assert "kafka" in down.stdout
    assert not up.alive
    assert "nothing" in towpath(home, "down").stdout
    assert (home / "kafka" / "data").is_dir(), "data are kept"


def test_what_cannot_start_leaves_nothing_running(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = towpath(home, "up", "--objective", str(tmp_path / "none.yaml"))
    assert done.returncode != 0
    assert "none.yaml" in done.stderr
    assert Up.load(home) is None


def test_a_process_of_another_is_never_taken_for_ours(tmp_path: Path) -> None:
    since = began(os.getpid())
    assert since is not None
    stale = Started(name="kafka", pid=os.getpid(), began=since - 1000, log="")
    up = Up(bootstrap_servers="127.0.0.1:1", topic_prefix="towpath.", processes=[stale])
    up.save(tmp_path)
    assert not up.alive
    assert up.stop(tmp_path) == []
    assert Up.load(tmp_path) is None
