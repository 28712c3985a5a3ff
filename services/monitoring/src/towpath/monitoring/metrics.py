"""Monitoring's metrics. Classes and releases are bounded: what is beyond is counted as "other"."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from towpath.core.service import Catalogue

__all__ = ["MonitoringMetrics"]

_TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class MonitoringMetrics(Catalogue):
    service = "monitoring"

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry)
        by = ["release"]
        self.predictions = self.counter("predictions", "Predictions seen", ["release", "decision", "label"])
        self.latency = self.histogram("latency_seconds", "From a document's creation to its prediction's", by)
        self.queued = self.histogram("queued_seconds", "From a document's creation to its inference", by)
        self.inference = self.histogram("inference_seconds", "Of the batch that a prediction was in", by)
        self.confidence = self.histogram("confidence_ratio", "Probability of the class predicted", by, _TENTHS)
        self.share = self.gauge("class_ratio", "Share of a class among predictions", ["release", "label"])
        self.asked = self.gauge("asked_ratio", "Share of predictions that ask a person", by)
        self.feedback = self.counter("feedback", "Feedback seen", ["truth"])
        self.joined = self.gauge("feedback_documents", "Predictions whose truth is known", by)
        self.accuracy = self.gauge("accuracy_ratio", "Share of right classes, from feedback", by)
        self.realised = self.gauge("realised_cost", "Cost a document from feedback, in the objective's unit", by)
        # From 30 documents on: 95 % of such intervals hold the true mean.
        self.realised_low = self.gauge("realised_lower_cost", "Lower end of its interval", by)
        self.realised_high = self.gauge("realised_upper_cost", "Upper end of its interval", by)
        self.promised = self.gauge("predicted_cost", "Cost a document that these predictions expected", by)
        self.confusion = self.gauge("confusion_documents", "Documents by truth and prediction", ["truth", "label"])
        self.last = self.gauge("last_prediction_timestamp_seconds", "When the last prediction was made")
        self.unreadable = self.counter("dead_letters", "Messages given up on, by topic", ["topic"])
        for topic in ("predictions", "feedback", "models", "rollouts", "alerts"):
            self.unreadable.labels(topic)  # from 0 on, so that the first one is a change
        about = "How long an open transaction has kept readers of a partition from what was written after it began"
        self.open_transaction = self.gauge("open_transaction_seconds", about, ["topic", "partition"])
        self.alerts_open = self.gauge("alerts_open", "Alerts that are not over", ["monitor", "severity", "state"])
        self.alerts_told = self.counter("alerts_told", "Alerts and silences written", ["severity", "state"])
        about = "Notices to receivers of webhooks, by the receiver's place in the settings"
        self.webhooks = self.counter("webhooks", about, ["receiver", "outcome"])
        # Of the last documents, as they come in; the limits are the objective's.
        self.data_documents = self.gauge("data_documents", "Documents in the window that data are judged by")
        self.data_found = self.gauge("data_found_ratio", "Share of them that a check finds", ["check"])
        self.data_limit = self.gauge("data_limit_ratio", "Share that the objective allows", ["check"])
        self.data_languages = self.gauge("data_language_ratio", "Share of them in a language", ["language"])
        about = "How far they are from the first window (population stability index; 0.25 is much)"
        self.data_skew = self.gauge("data_skew", about, ["of"])
        # Of the rollout that runs, in its present mode; no series while none does.
        by = ["release", "mode"]
        self.rollout_documents = self.gauge("rollout_documents", "Documents whose truth compares the challenger", by)
        about = "Cost of a document by the challenger less by the champion, in the objective's unit"
        self.rollout_difference = self.gauge("rollout_difference_cost", about, by)
        about = "Lower end of its interval, which holds at any moment"
        self.rollout_lower = self.gauge("rollout_lower_cost", about, by)
        self.rollout_upper = self.gauge("rollout_upper_cost", "Upper end of its interval", by)
        self.objective = self.gauge("objective_info", "1; the objective and its unit", ["objective", "unit"])
