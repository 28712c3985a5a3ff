"""Films instead of what the model was made for: an alarm with a price, labels, a run, a canary, a release, and quiet.

What Prometheus and Alertmanager say is part of it: they ring when it costs, and stop when it is mended. It comes before
the tests of faults: what those send is no tweets either, and rings, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Installation
from e2e.support import prometheus
from e2e.support.cluster import eventually, run
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.http import document, feedback, ratings
from towpath.cli.demo.tweets import Tweet, read_sdist, split
from towpath.core.objective import Objective, load_objective

OURS = 'namespace="production"'
_CHART_OBJECTIVE = Path(__file__).parents[2] / "charts" / "towpath" / "files" / "objective.yaml"
_ALERTMANAGER = "/api/v1/namespaces/monitoring/services/alertmanager:9093/proxy/api/v2/alerts"
_CAUSES = ("drift/", "performance/")
_LABELLED, _AT_ONCE = 5500, 400


@dataclass(frozen=True)
class Loop:
    """The installation that trains by itself and tries releases on half of the documents."""

    installation: Installation
    objective: Objective
    films: Sequence[Tweet]

    def predicted(self, films: Sequence[Tweet]) -> list[dict[str, Any]]:
        """Posts them, and waits for their predictions."""
        there, ids = self.installation, {each.document_id for each in films}
        there.client.posted("documents", map(document, films), there.ingestion, there.key)
        return [each for each in there.client.settled(ids, limit_s=180) if each["documentId"] in ids]

    def judged(self, films: Sequence[Tweet]) -> None:
        """Feedback of what was posted: what their raters think."""
        there = self.installation
        rows = [feedback(each, self.objective.class_of_grade(each.mean)) for each in films]
        assert there.client.posted("feedback", rows, there.ingestion, there.key)["accepted"] == len(rows)

    def open_alerts(self, *beginnings: str) -> list[dict[str, Any]]:
        there = self.installation
        answer = there.client.script("call", "GET", "http://towpath-monitoring:8080/v1/alerts", there.key)
        return [each for each in answer["alerts"] if each["cause"].startswith(beginnings)]

    def runs(self) -> list[dict[str, Any]]:
        """Those that it started by itself."""
        answer: Any = self.installation.training("GET", "/v1/runs")
        return [each for each in answer if each.get("causes")]


@pytest.fixture(scope="module")
def loop(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    file = tmp_path_factory.mktemp("objective") / "objective.yaml"
    text = _CHART_OBJECTIVE.read_text()
    # What waits for days in life must not wait here; half of the documents decide sooner than a tenth.
    for told, asked in (
        ("rollout: {start: at-once, share: 0.1, minDocuments: 100}", "rollout: {start: canary, share: 0.5}"),
        ("newAnnotatedDocuments: 500", "newAnnotatedDocuments: 100000"),
    ):
        assert told in text
        text = text.replace(told, asked)
    file.write_text(text)
    installation.upgrade(
        "training.auto=true",
        "monitoring.alerts.alertmanagers={http://alertmanager.monitoring:9093}",
        "monitoring.alerts.egressPorts={9093}",
        objective=file,
    )
    # In an order of chance: in the file's, snippets of one review follow one another.
    films, _ = split(read_sdist(sdist(), "movies"), 1.0)
    return Loop(installation, load_objective(file), films)


def told_of(alertname: str) -> list[dict[str, Any]]:
    """What Alertmanager has of ours that is active."""
    found = json.loads(run(["kubectl", "get", "--raw", _ALERTMANAGER]))
    return [each for each in found if each["labels"]["alertname"] == alertname and each["status"]["state"] == "active"]


def rings(alertname: str) -> bool:
    return bool(prometheus.query(f'ALERTS{{{OURS},alertname="{alertname}",alertstate="firing"}}'))


def test_what_costs_rings_and_what_it_costs_is_told(loop: Loop, report: dict[str, object]) -> None:
    """By Prometheus and by Alertmanager, until somebody takes it on: training asks for labels first."""
    assert not rings("TowpathAlertOpen")
    loop.predicted(loop.films[:_LABELLED])
    eventually(lambda: loop.open_alerts("drift/"), bool, limit_s=120, every_s=3)
    eventually(lambda: told_of("TowpathDrift"), bool, limit_s=120, every_s=3)
    assert prometheus.value(f"max(towpath_monitoring_drift_firing{{{OURS}}})") == 1
    loop.judged(loop.films[:_LABELLED])

    def priced(found: list[dict[str, Any]]) -> bool:
        return any(each["severity"] == "page" and each["extraCostPerThousand"] > 0 for each in found)

    found = eventually(lambda: loop.open_alerts(*_CAUSES), priced, limit_s=120, every_s=3)
    eventually(lambda: rings("TowpathAlertOpen"), bool, limit_s=120, every_s=3)
    (asked,) = eventually(lambda: loop.open_alerts("retraining/labels"), bool, limit_s=60, every_s=3)
    assert "50 more annotated documents" in asked["summary"]
    report["loop_alarms"] = [each["summary"] for each in found]


def test_labels_lead_to_a_run_a_canary_and_a_release(loop: Loop, report: dict[str, object]) -> None:
    there = loop.installation
    before = there.training("GET", "/v1/releases")["reigning"]["releaseId"]  # type: ignore[index]
    rows = [row for each in loop.films[:_LABELLED] for row in ratings(each)]
    assert there.client.posted("annotations", rows, there.ingestion, there.key)["accepted"] == len(rows)

    (ended,) = eventually(
        loop.runs,
        lambda found: [each["status"] for each in found] in (["succeeded"], ["failed"]),
        limit_s=900,
        every_s=5,
    )
    assert (ended["status"], ended["outcome"]) == ("succeeded", "pass"), ended
    assert ended["causes"]
    assert all(each.startswith(_CAUSES) for each in ended["causes"])
    challenger = ended["release"]["releaseId"]

    rollout = eventually(lambda: there.training("GET", "/v1/releases").get("rollout"), bool, limit_s=60, every_s=2)
    assert isinstance(rollout, dict)
    assert (rollout["mode"], rollout["challenger"]["releaseId"]) == ("ROLLOUT_MODE_CANARY", challenger)
    answers: list[dict[str, Any]] = []
    left = list(loop.films[_LABELLED:])
    while left and there.training("GET", "/v1/releases").get("rollout"):
        now, left = left[:_AT_ONCE], left[_AT_ONCE:]
        answers += loop.predicted(now)
        loop.judged(now)
    assert {each["releaseId"] for each in answers} <= {before, challenger}
    reigning = there.training("GET", "/v1/releases")["reigning"]
    assert isinstance(reigning, dict)
    assert reigning["releaseId"] == challenger, there.training("GET", "/v1/releases")["lastRollout"]
    report["loop_documents_to_promotion"] = len(answers)


def test_then_it_is_quiet(loop: Loop) -> None:
    """The alarm is over for Prometheus and for Alertmanager, and the model that reigns is not alarmed by films."""
    eventually(lambda: loop.open_alerts(*_CAUSES), lambda found: not found, limit_s=120, every_s=3)
    eventually(lambda: rings("TowpathAlertOpen"), lambda ringing: not ringing, limit_s=120, every_s=3)
    eventually(lambda: told_of("TowpathDrift"), lambda found: not found, limit_s=180, every_s=3)
    assert loop.installation.namespace.restarts() == {}
