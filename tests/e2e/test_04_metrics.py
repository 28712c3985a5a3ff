"""The rig's Prometheus found every pod, and PromQL gives the figures that the test counts by itself."""

from __future__ import annotations

import math
import statistics
from datetime import datetime

import pytest

from e2e.conftest import Installation
from e2e.support import prometheus
from e2e.support.cluster import eventually

COMPONENTS = {"ingestion", "serving", "endpoint", "monitoring", "training"}
_MB = {"Mi": 2**20 / 1e6, "Gi": 2**30 / 1e6}
OURS = 'namespace="production"'


def test_every_pod_is_scraped_once(installation: Installation) -> None:
    pods = {
        pod["metadata"]["name"]
        for component in COMPONENTS
        for pod in installation.namespace.pods(component)
        if pod["status"]["phase"] == "Running"
    }

    def scraped() -> list[str]:
        found = prometheus.ask("targets?state=active")["activeTargets"]
        mine = [each for each in found if each["labels"].get("namespace") == "production"]
        return sorted(each["labels"]["pod"] for each in mine if each["health"] == "up")

    eventually(scraped, lambda found: found == sorted(pods), limit_s=90, every_s=3)


def test_the_figures_are_what_was_counted(installation: Installation) -> None:
    found = installation.client.predictions()
    documents = len({each["documentId"] for each in found})
    # No pod restarted and none left since the installation: counters are whole.
    assert installation.namespace.restarts() == {}
    figures = {
        f'sum(towpath_ingestion_messages_total{{{OURS},kind="documents",outcome="accepted"}})': documents,
        f"sum(towpath_serving_predictions_total{{{OURS}}})": len(found),
        f"sum(towpath_monitoring_predictions_total{{{OURS}}})": len(found),
        f"sum(towpath_serving_lag_documents{{{OURS}}})": 0,
        f"sum(towpath_serving_dead_letters_total{{{OURS}}}) or vector(0)": 0,
    }
    for expression, wanted in figures.items():
        eventually(lambda e=expression: prometheus.value(e), lambda got, w=wanted: got == w, limit_s=60, every_s=3)
    for release in {each["releaseId"] for each in found}:
        mine = [each["classDecision"].get("expectedCost", 0.0) for each in found if each["releaseId"] == release]
        by = f'{OURS},release="{release}"'
        assert prometheus.value(f"sum(towpath_serving_predictions_total{{{by}}})") == len(mine)
        cost = prometheus.value(f"sum(towpath_serving_expected_cost_total{{{by}}})")
        assert cost == pytest.approx(math.fsum(mine), rel=1e-6)


def test_latency_is_what_the_messages_say(installation: Installation) -> None:
    latencies = [_latency(each) for each in installation.client.predictions()]
    total = prometheus.value(f"sum(towpath_monitoring_latency_seconds_sum{{{OURS}}})")
    count = prometheus.value(f"sum(towpath_monitoring_latency_seconds_count{{{OURS}}})")
    assert count == len(latencies)
    assert total / count == pytest.approx(statistics.fmean(latencies), rel=1e-3)


def test_memory_stays_below_the_limits(installation: Installation, report: dict[str, object]) -> None:
    found = {
        each["metric"]["pod"]: float(each["value"][1])
        for each in prometheus.query(f"process_resident_memory_bytes{{{OURS}}}")
    }
    used: dict[str, int] = {}
    for component in COMPONENTS:
        for pod in installation.namespace.pods(component):
            limit = pod["spec"]["containers"][0]["resources"]["limits"]["memory"]
            used[component] = round(found[pod["metadata"]["name"]] / 1e6)
            assert used[component] < 0.8 * _MB[limit[-2:]] * int(limit[:-2]), component
    report["memory_mb"] = used


def test_every_rule_is_loaded_and_evaluates(installation: Installation) -> None:
    shipped = installation.namespace.get("prometheusrule", "towpath")["spec"]["groups"]
    wanted = {rule.get("alert") or rule["record"] for group in shipped for rule in group["rules"]}

    def healthy() -> set[str]:
        groups = prometheus.ask("rules")["groups"]
        rules = [each for group in groups if "production-towpath" in group["file"] for each in group["rules"]]
        return {each["name"] for each in rules if each["health"] == "ok"}

    assert wanted
    eventually(healthy, lambda found: found == wanted, limit_s=90, every_s=3)


def test_no_alarm_rings_on_a_healthy_installation(installation: Installation) -> None:
    firing = prometheus.query(f'ALERTS{{{OURS},alertstate="firing"}}')
    # 2,000 documents that came at once waited for one worker: that budget did burn.
    assert {each["metric"]["alertname"] for each in firing} <= {"TowpathLatencyBudgetBurning"}


def _latency(prediction: dict[str, str]) -> float:
    made, sent = (datetime.fromisoformat(prediction[name]) for name in ("createdAt", "documentCreatedAt"))
    return max(0.0, (made - sent).total_seconds())
