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
        # Counted once committed: what a transaction that was aborted would have written was never there.
        self.predictions = self.counter("predictions", "Predictions committed by this worker", ["release"])
        self.expected_cost = self.counter("expected_cost", "Sum of the costs that they expect", ["release"])
        self.latency = self.histogram("latency_seconds", "From a document's creation to its commit", ["release"])
        self.dead_letters = self.counter("dead_letters", "Documents given up on, by error", ["error"])
        self.answers = self.counter("answers", "Texts answered on demand by this endpoint", ["release"])
        self.challenged = self.counter(
            "challenged",
            "Texts that a challenger was asked about: same, different, failed; by the endpoint, or dropped under load",
            ["release", "outcome"],
        )
        self.aborts = self.counter("transactions_aborted", "Transactions that were aborted and done again")
        self.batch = self.histogram("batch_documents", "Documents in a transaction", buckets=_SIZES)
        self.inference = self.histogram("inference_seconds", "Inference of a batch")
        self.challenger_inference = self.histogram(
            "challenger_inference_seconds", "The challenger's part of it, in shadow and canary"
        )
        self.commit = self.histogram("commit_seconds", "Commit of a transaction that was not aborted")
        self.model = self.gauge("model", "1 for the release that serves", ["release"])
        self.rollout = self.gauge(
            "rollout", "1 for the release that challenges the one that serves", ["release", "mode"]
        )
        self.waiting = self.gauge("release_waiting", "1 while a release cannot be fetched: the store is away")
        self.refused = self.counter("bundles_refused", "Releases whose bundle was refused; the last good one serves on")
        # By partition, each of one worker at a time: workers sum to the group's lag.
        self.lag = self.gauge("lag_documents", "Documents not read yet, of a partition of this worker", ["partition"])
        self.oldest = self.gauge(
            "oldest_unprocessed_seconds", "Age of the oldest document in hand or waiting; 0 if none"
        )
        for error in ("MalformedMessageError", "UnusableDocumentError"):
            # From 0 on, so that the first one is a change.
            self.dead_letters.labels(error)
