"""Ingestion's metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue
from towpath.ingestion.domain.labels import LabelReport

__all__ = ["IngestionMetrics"]

_REASONS = {
    "is no class": "no-class",
    "is not within": "no-grade",
    "no grades": "no-grade",
    "not a class": "other-kind",
}


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
        self.label_agreement = self.gauge(
            "label_agreement", "Krippendorff's alpha of the raters, its bounds, and the objective's floor", ["figure"]
        )
        self.labels = self.gauge(
            "labels_annotations", "Annotations on the topic; waiting: of a document that has not come", ["outcome"]
        )
        self.labels_refused = self.gauge(
            "labels_refused", "Annotations on the topic that the objective has no use for", ["reason"]
        )
        self.labels_share = self.gauge(
            "labels_share_ratio",
            "Share of the documents whose annotations are held and looked at",
        )

    def of_labels(self, report: LabelReport) -> None:
        """Show what was measured; NaN where it is not defined."""
        alpha = report.agreement.alpha
        figures = {"alpha": alpha.value, "low": alpha.low, "high": alpha.high, "floor": report.agreement.floor}
        for figure, value in figures.items():
            self.label_agreement.labels(figure).set(value)
        counts = {"counted": report.annotations, "withdrawn": report.withdrawn, "waiting": report.waiting}
        for outcome, count in {**counts, "refused": sum(report.refused.values())}.items():
            self.labels.labels(outcome).set(float("nan") if count is None else count)
        by_reason = dict.fromkeys([*_REASONS.values(), "other"], 0)
        for why, count in report.refused.items():
            by_reason[next((name for part, name in _REASONS.items() if part in why), "other")] += count
        for reason, count in by_reason.items():
            self.labels_refused.labels(reason).set(count)
        self.labels_share.set(report.share)
