"""Training's metrics."""

from __future__ import annotations

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
        self.new_documents = self.gauge("new_annotated_documents", "Annotated since the last run began")
