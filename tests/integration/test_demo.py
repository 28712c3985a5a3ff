"""`towpath demo` as a user runs it, on a part of the tweets and films."""

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
from typing import Any

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
        # A few hundred documents tell less: who allows the challenger to cost more is sure of it sooner.
        "rollout": "{start: at-once, minDocuments: 100, margin: 0.2}",
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


def lineage_of(identity: str, home: Path) -> dict[str, dict[str, Any]]:
    """By id, as `towpath lineage` tells it while the demo is up."""
    told = subprocess.run(
        [sys.executable, "-m", "towpath.cli", "lineage", identity, "--json"],
        env={**ENVIRONMENT, "TOWPATH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return {each["id"]: each for each in json.loads(told.stdout)["nodes"]}


@pytest.mark.timeout(600)
def test_both_acts_stay_up_until_ctrl_c_and_leave_nothing(tmp_path: Path, objective: Path) -> None:
    home, report = tmp_path / "home", tmp_path / "figures.json"
    with demo(home, "--documents", "1000", "--objective", str(objective), "--report", str(report)) as process:
        shown = "".join(lines_until(process, "Ctrl-C stops everything"))
        assert "Ctrl-C stops everything" in shown, shown
        up = Up.load(home)
        assert up is not None
        assert {each.name for each in up.alive} == {"kafka", "ingestion", "serving", "monitoring", "training"}
        figures = json.loads(report.read_text())
        run = figures["second_act"]["run"]
        lineage = lineage_of(run["alertIds"][0], home)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    gone(list(up.processes))
    assert Up.load(home) is None
    assert (home / "kafka" / "data").is_dir(), "a home that was named is kept"
    the_first_act(figures, shown)
    the_second_act(figures["second_act"], shown)
    assert {run["alertIds"][0], run["runId"], run["release"]["releaseId"]} <= set(lineage), (
        "from the alarm to the release"
    )


def the_first_act(figures: dict[str, Any], shown: str) -> None:
    assert figures["failed"] is None
    assert figures["counts"] | {"annotations": 0} == {
        "tweets": 1000,
        "learned_from": 600,
        "streamed": 400,
        "annotations": 0,
        "repeated_predictions": 0,
        "feedback": 200,
    }
    assert [each["name"] for each in figures["deciders"]] == ["Towpath", "VADER", "one rater, at random"]
    assert all(each["documents"] == 400 for each in figures["deciders"])
    assert all(each["expected_cost"] >= 0 and 0 < each["macro_f1"] <= 1 for each in figures["deciders"])
    assert figures["gate"]["outcome"] == "pass"
    assert figures["gate"]["release"]["releaseId"]
    assert 0 < figures["speed"]["latency_p50_s"] <= figures["speed"]["latency_p99_s"]
    assert figures["speed"]["documents_per_second"] > 0
    assert figures["monitoring"]["realised_cost"] >= 0
    for figure in ("documents/s", "p50", "p99", "the gate: pass", "VADER", "Correlation"):
        assert figure in shown


def the_second_act(told: dict[str, Any], shown: str) -> None:
    alert, run, rollout = told["alert"], told["run"], told["rollout"]
    assert alert["cause"].startswith("drift/")
    assert alert["releaseId"] == rollout["championReleaseId"]
    assert 0 < told["documents_until_alarm"] <= told["films"] * 0.4
    # By the model's own probabilities: of so few documents it may be a little less, too.
    assert alert["extraCostPerThousand"], "an alarm has a price"
    assert alert["summary"] in shown.replace("\n      ", "\n")
    assert len(told["capital"]) > 1
    assert all(0 <= each <= 1 for each in told["capital"])
    assert told["question"]["cause"] == "retraining/labels"
    assert told["ratings"] > 0
    assert run["causes"], "it started by itself"
    assert all(each.startswith(("drift/", "performance/")) for each in run["causes"])
    assert len(run["alertIds"]) == len(run["causes"])
    assert run["outcome"] == "pass"
    assert rollout["challenger"]["releaseId"] == run["release"]["releaseId"]
    assert rollout["outcome"] == "ROLLOUT_OUTCOME_PROMOTED"
    assert rollout["actor"] == "training", "nobody had to promote it"
    costs, saved = told["costs"], told["saved"]
    assert costs["after"]["documents"] == round(0.2 * told["films"])
    assert saved["documents"] > costs["after"]["documents"], "what the canary answered counts, too"
    assert told["realised_cost"] == pytest.approx(saved["by_new"], abs=1e-9), "monitoring's figure is the topic's"
    assert saved["total"] == pytest.approx(saved["documents"] * (saved["by_first"] - saved["by_new"]))
    for figure in ("The second act", "delay", "saved", "canary", "less", "reigns"):
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
