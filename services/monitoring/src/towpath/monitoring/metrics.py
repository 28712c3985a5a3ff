"""Monitoring's metrics. Classes and releases are bounded: what is beyond is counted as "other"."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue

__all__ = ["MonitoringMetrics"]


class MonitoringMetrics(Catalogue):
    service = "monitoring"

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        by = ["release"]
        self.predictions = self.counter("predictions", "Predictions seen", ["release", "decision", "label"])
        self.latency = self.histogram("latency_seconds", "From a document's creation to its prediction's", by)
        self.queued = self.histogram("queued_seconds", "From a document's creation to its inference", by)
        self.inference = self.histogram("inference_seconds", "Of the batch that a prediction was in", by)
        self.share = self.gauge("class_ratio", "Share of a class among predictions", ["release", "label"])
        self.asked = self.gauge("asked_ratio", "Share of predictions that ask a person", by)
        self.feedback = self.counter("feedback", "Feedback seen", ["truth"])
        self.joined = self.gauge("feedback_documents", "Predictions whose truth is known", by)
        self.accuracy = self.gauge("accuracy_ratio", "Share of right classes, from feedback", by)
        self.realised = self.gauge("realised_cost", "Cost a document from feedback, in the objective's unit", by)
        self.promised = self.gauge("predicted_cost", "Cost a document that these predictions expected", by)
        self.confusion = self.gauge("confusion_documents", "Documents by truth and prediction", ["truth", "label"])
        self.last = self.gauge("last_prediction_timestamp_seconds", "When the last prediction was made")
        self.unreadable = self.counter("dead_letters", "Messages given up on, by topic", ["topic"])
