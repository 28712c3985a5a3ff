"""Training's metrics."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue

__all__ = ["TrainingMetrics"]

_MINUTES = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)


class TrainingMetrics(Catalogue):
    service = "training"

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.runs = self.counter("runs", "Runs that ended, by outcome of the gate or 'failed'", ["outcome"])
        # From 0 on, so that the first one is a change.
        self.runs.labels("failed")
        self.seconds = self.histogram("run_seconds", "Duration of a run", buckets=_MINUTES)
        self.running = self.gauge("running", "1 while a run is worked on")
        about = "Documents that a check of the last run's data found, by check and how serious it is"
        self.data_findings = self.gauge("data_findings", about, ["check", "severity"])
        about = "Annotated since the last run that came to its gate began"
        self.new_documents = self.gauge("new_annotated_documents", about)
        about = "What training decided by itself: runs started, alerts not worth one, persons asked"
        self.decisions = self.counter("decisions", about, ["decision"])
        for each in ("started", "not-worth", "asked"):
            self.decisions.labels(each)
        self.waiting = self.gauge("waiting_causes", "Causes that wait for a run to start by itself")
        about = (
            "Feedback that the online head was told, by what it was to it; counted again when a restart reads it again"
        )
        self.online_feedback = self.counter("online_feedback", about, ["outcome"])
        about = "Mean cost of a document of late, before learning from it, in the objective's unit, by head"
        self.online_cost = self.gauge("online_cost", about, ["head"])
        about = "Anytime-valid p-value of 'the online head is not cheaper', since it was last shown that it is"
        self.online_doubt = self.gauge("online_doubt_ratio", about)
        self.online_reigns = self.gauge("online_reigns", "1 while a release of the online head reigns")

    def data(self, findings: list[dict[str, Any]]) -> None:
        """Those of the last run; what a run before it found is gone."""
        self.data_findings.clear()
        for each in findings:
            self.data_findings.labels(each["check"], each["severity"]).set(each["count"])
