"""Ingestion's metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue

__all__ = ["IngestionMetrics"]


class IngestionMetrics(Catalogue):
    service = "ingestion"

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        self.messages = self.counter("messages", "Documents, annotations and feedback by outcome", ["kind", "outcome"])
        for kind in ("documents", "annotations", "feedback"):
            for outcome in ("accepted", "rejected", "parked", "failed"):
                # From 0 on, so that the first one is a change.
                self.messages.labels(kind, outcome)
        self.personal_data = self.counter(
            "personal_data", "Personal data found in documents; masked where the objective says so", ["kind"]
        )
        for found in ("e-mail", "phone", "card"):
            self.personal_data.labels(found)
        self.body_bytes = self.counter("body_bytes", "Bytes of request bodies read", ["kind"])
        self.requests = self.gauge("requests_in_progress", "Requests being worked on")
        self.send_seconds = self.histogram("kafka_ack_seconds", "From sending a batch to Kafka's acknowledgement")
