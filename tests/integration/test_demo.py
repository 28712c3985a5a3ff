"""`towpath demo` as a user runs it, on a part of the tweets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from towpath.cli.local import choose_port
from towpath.cli.local.state import Started, Up

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TOWPATH_")}


@pytest.fixture
def objective(tmp_path: Path) -> Path:
    """The running example, content with fewer documents."""
    text = (ROOT / "objective.yaml").read_text()
    # A head of 180 documents is now and then moved by a name.
    text = text[: text.index("  behaviour:\n")]
    for key, value in {
        "minDocuments": "100",
        "minDocumentsPerClass": "1",
        "minTestDocuments": "40",
        "baselines": "[majority]",
    }.items():
        text, count = re.subn(rf"(?m)^(\s+{key}:) [^#\n]*", rf"\1 {value}  ", text)
        assert count == 1, key
    path = tmp_path / "objective.yaml"
    path.write_text(text)
    return path


def demo(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "towpath.cli", "demo", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**ENVIRONMENT, **environment},
    )


def lines_until(process: subprocess.Popen[str], wanted: str) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if wanted in line:
            return


def gone(processes: list[Started]) -> None:
    deadline = time.monotonic() + 30
    while left := [each.name for each in processes if each.alive]:
        assert time.monotonic() < deadline, f"{left} outlived the demo"
        time.sleep(0.05)


def test_the_whole_path_stays_up_until_ctrl_c_and_leaves_nothing(tmp_path: Path, objective: Path) -> None:
    home, report = tmp_path / "home", tmp_path / "figures.json"
    with demo(home, "--documents", "500", "--objective", str(objective), "--report", str(report)) as process:
        shown = "".join(lines_until(process, "Ctrl-C stops everything"))
        assert "Ctrl-C stops everything" in shown, shown
        up = Up.load(home)
        assert up is not None
        assert {each.name for each in up.alive} == {"kafka", "ingestion", "serving", "monitoring", "training"}
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    gone(list(up.processes))
    assert Up.load(home) is None
    assert (home / "kafka" / "data").is_dir(), "a home that was named is kept"
    figures = json.loads(report.read_text())
    assert figures["failed"] is None
    assert figures["counts"] | {"annotations": 0} == {
        "tweets": 500,
        "learned_from": 300,
        "streamed": 200,
        "annotations": 0,
        "repeated_predictions": 0,
        "feedback": 100,
    }
    assert [each["name"] for each in figures["deciders"]] == ["Towpath", "VADER", "one rater, at random"]
    assert all(each["documents"] == 200 for each in figures["deciders"])
    assert all(each["expected_cost"] >= 0 and 0 < each["macro_f1"] <= 1 for each in figures["deciders"])
    assert figures["gate"]["outcome"] == "pass"
    assert figures["gate"]["release"]["releaseId"]
    assert 0 < figures["speed"]["latency_p50_s"] <= figures["speed"]["latency_p99_s"]
    assert figures["speed"]["documents_per_second"] > 0
    assert figures["monitoring"]["realised_cost"] >= 0
    for figure in ("documents/s", "p50", "p99", "the gate: pass", "VADER", "Correlation"):
        assert figure in shown


def test_sigkill_leaves_no_orphan(tmp_path: Path, objective: Path) -> None:
    home = tmp_path / "home"
    with demo(home, "--documents", "500", "--objective", str(objective)) as process:
        "".join(lines_until(process, "Collect documents and ratings …"))
        up = Up.load(home)
        assert up is not None
        assert len(up.alive) == 5
        supervisors = psutil.Process(process.pid).children()
        process.kill()
    gone(list(up.processes))
    psutil.wait_procs(supervisors, timeout=10)
    assert not [each for each in supervisors if each.is_running()]


def test_a_stage_that_fails_is_told_and_ends_with_1(tmp_path: Path) -> None:
    report = tmp_path / "figures.json"
    nobody = f"127.0.0.1:{choose_port()}"
    arguments = ["--exit", "--report", str(report), "--objective", str(ROOT / "objective.yaml")]
    with demo(tmp_path / "home", *arguments, TOWPATH_KAFKA_BOOTSTRAP_SERVERS=nobody) as process:
        shown, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Start Kafka failed" in shown
    assert "Traceback" not in shown
    assert json.loads(report.read_text())["failed"].startswith("Start Kafka: Kafka is not available")
    assert "logs" in shown, "where to look further"
