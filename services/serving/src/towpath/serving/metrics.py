"""Serving's metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue

__all__ = ["ServingMetrics"]

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class ServingMetrics(Catalogue):
    service = "serving"

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.predictions = self.counter("predictions", "Predictions written, by release", ["release"])
        self.dead_letters = self.counter("dead_letters", "Documents given up on, by error", ["error"])
        self.aborts = self.counter("transactions_aborted", "Transactions that were aborted and done again")
        self.batch = self.histogram("batch_documents", "Documents in a transaction", buckets=_SIZES)
        self.inference = self.histogram("inference_seconds", "Inference of a batch")
        self.commit = self.histogram("commit_seconds", "Commit of a transaction")
        self.model = self.gauge("model", "1 for the release that serves", ["release"])
        self.refused = self.counter("bundles_refused", "Releases whose bundle was refused; the last good one serves on")
        self.lag = self.gauge("lag_documents", "Offsets between what was read and the end of the partitions")
