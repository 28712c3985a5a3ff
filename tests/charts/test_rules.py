"""Alerts and dashboard: alerts fire when they should and only then; both speak of metrics that exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
RULES = ROOT / "charts" / "towpath" / "files" / "rules.yaml"
DASHBOARD = ROOT / "charts" / "towpath" / "files" / "dashboard.json"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
# What Prometheus adds when it scrapes, by ServiceMonitor or by annotation.
SCRAPED = {"namespace", "pod", "app_kubernetes_io_instance"}
METRIC = re.compile(r"\b((?:towpath|process)_[a-z_]+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|on|group_left|ignoring|without) ?\(([a-z_, ]*)\)")

Metrics = Mapping[str, Mapping[str, Any]]


def alerts() -> list[Mapping[str, Any]]:
    groups = YAML(typ="safe").load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[Mapping[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of the rules and the dashboard, its variables filled in."""
    yield from ((rule["alert"], rule["expr"]) for rule in alerts())
    for panel in panels():
        for target in panel["targets"]:
            filled = target["expr"].replace("$__rate_interval", "1m")
            yield panel["title"], re.sub(r"\$(namespace|instance)", ".*", filled)


def written_by_the_code(option: str) -> str:
    command = [sys.executable, str(ROOT / "scripts" / "metrics"), option]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return {each["name"]: each for each in json.loads(written_by_the_code("--json"))}


@pytest.mark.parametrize("page", sorted((Path(__file__).parent / "rules").glob("*.yaml")), ids=lambda page: page.stem)
def test_alerts_fire_when_they_should_and_stay_silent_when_they_should(
    page: Path, promtool: Callable[..., str]
) -> None:
    promtool("test", "rules", page)


def test_every_alert_is_tested_both_ways() -> None:
    loud, silent = set(), set()
    for page in (Path(__file__).parent / "rules").glob("*.yaml"):
        for case in YAML(typ="safe").load(page.read_text())["tests"]:
            for each in case["alert_rule_test"]:
                (loud if each.get("exp_alerts") else silent).add(each["alertname"])
    names = {rule["alert"] for rule in alerts()}
    assert loud == silent == names


def test_every_alert_has_severity_words_and_a_runbook() -> None:
    sections = set(re.findall(r"^## (\w+)$", RUNBOOKS.read_text(), re.MULTILINE))
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule["alert"]
        assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{rule['alert'].lower()}"
    assert sections == {rule["alert"] for rule in alerts()}, "a section each, and none of an alert that is gone"


def test_every_expression_parses(promtool: Callable[..., str], tmp_path: Path) -> None:
    rules = [{"record": f"test:n{n}", "expr": expr} for n, (_, expr) in enumerate(expressions())]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "test", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


def declared(name: str, metrics: Metrics) -> tuple[str, set[str]]:
    """(metric, its labels) of a series' name. Raises KeyError when the code has no such metric."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    if base != name and metrics.get(base, {}).get("kind") == "histogram":
        return base, set(metrics[base]["labels"]) | ({"le"} if name.endswith("_bucket") else set())
    if metrics[name]["kind"] == "histogram":
        raise KeyError(name)  # a histogram has no series of its bare name
    return name, set(metrics[name]["labels"])


@pytest.mark.parametrize(("where", "expr"), list(expressions()))
def test_metrics_and_labels_exist(where: str, expr: str, metrics: Metrics) -> None:
    known = set(SCRAPED)
    used = METRIC.findall(expr)
    assert used, where
    for name, selector in used:
        _, labels = declared(name, metrics)
        known |= labels
        asked = set(re.findall(r"([a-z_]+)\s*[=!]~?\"", re.sub(r'(?<==|~)"[^"]*"', '""', selector)))
        assert asked <= labels | SCRAPED, f"{where}: {name}"
    grouped = {label.strip() for group in GROUPING.findall(expr) for label in group.split(",") if label.strip()}
    assert grouped <= known, where


def test_the_page_of_metrics_says_what_the_code_has() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert page == written_by_the_code("--print"), "write it anew: .venv/bin/python scripts/metrics"


def test_no_metric_has_a_label_that_a_scrape_would_overwrite(metrics: Metrics) -> None:
    added = {"namespace", "pod", "job", "service", "instance", "endpoint", "container"}
    assert not {name for name, each in metrics.items() if added & set(each["labels"])}


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert dashboard["schemaVersion"] >= 41
    assert {each["name"] for each in dashboard["templating"]["list"]} == {"datasource", "namespace", "instance"}
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert at["x"] + at["w"] <= 24
        taken |= cells
    for panel in panels():
        assert panel["description"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert "$namespace" in target["expr"], panel["title"]


def test_alerts_that_panels_name_exist() -> None:
    named = set(re.findall(r"\bTowpath[A-Z]\w+", DASHBOARD.read_text()))
    assert named <= {rule["alert"] for rule in alerts()}
