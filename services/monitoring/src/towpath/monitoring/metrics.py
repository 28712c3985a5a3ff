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
        # From feedback. Bounds hold at whatever moment one looks, 95 %, by the first truth of each document.
        self.joined = self.gauge("feedback_documents", "Predictions whose truth is known", by)
        self.accuracy = self.gauge("accuracy_ratio", "Share of right classes, from feedback", by)
        self.accuracy_low = self.gauge("accuracy_lower_ratio", "Its lower bound, which holds at any moment", by)
        self.accuracy_high = self.gauge("accuracy_upper_ratio", "Its upper bound", by)
        self.macro_f1 = self.gauge("macro_f1_ratio", "Mean of the classes' F1, from feedback", by)
        self.calibration = self.gauge("calibration_error_ratio", "Expected calibration error, from feedback", by)
        self.realised = self.gauge("realised_cost", "Cost a document from feedback, in the objective's unit", by)
        self.realised_low = self.gauge("realised_lower_cost", "Its lower bound, which holds at any moment", by)
        self.realised_high = self.gauge("realised_upper_cost", "Its upper bound", by)
        self.promised = self.gauge("predicted_cost", "Cost a document that these predictions expected", by)
        about = "Cost of a document that was acted on, beyond those that the release was judged on"
        self.excess = self.gauge("excess_cost", about, by)
        self.excess_low = self.gauge("excess_lower_cost", "Its lower bound; above 0 it alarms", by)
        self.excess_high = self.gauge("excess_upper_cost", "Its upper bound", by)
        per_slice = ["release", "by", "slice"]
        self.slice_documents = self.gauge("slice_feedback_documents", "Documents with feedback of a kind", per_slice)
        self.slice_cost = self.gauge("slice_realised_cost", "Cost a document of a kind, from feedback", per_slice)
        # Of the last documents, labelled or not.
        about = "Cost a document that probabilities promise, corrected by labels"
        self.estimated = self.gauge("estimated_cost", about, by)
        self.estimated_low = self.gauge("estimated_lower_cost", "Lower end of its 95 % interval", by)
        self.estimated_high = self.gauge("estimated_upper_cost", "Upper end of its interval", by)
        self.estimated_accuracy = self.gauge("estimated_accuracy_ratio", "Share of right classes, likewise", by)
        about = "Share of documents in strata without any label; above 0.05 estimates are not trusted"
        self.unlabelled = self.gauge("unlabelled_ratio", about, by)
        self.prior = self.gauge(
            "class_prior_ratio", "Share of a class, corrected for label shift", ["release", "label"]
        )
        self.shifted = self.gauge("shifted_cost", "Cost a document expected with these shares", by)
        self._of_worth = (
            self.joined, self.accuracy, self.accuracy_low, self.accuracy_high, self.macro_f1, self.calibration,
            self.realised, self.realised_low, self.realised_high, self.promised, self.excess, self.excess_low,
            self.excess_high, self.slice_documents, self.slice_cost, self.estimated, self.estimated_low,
            self.estimated_high, self.estimated_accuracy, self.unlabelled, self.prior, self.shifted,
        )  # fmt: skip
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
        about = "What bets against the limit, or against no change, have made; at 1 it alarms"
        self.data_capital = self.gauge("data_capital_ratio", about, ["check"])
        self.data_firing = self.gauge("data_firing", "1 while surely above the limit, or changed", ["check"])
        # How many come, by when they were predicted.
        about = "Documents a minute in the last five minutes that are over"
        self.volume_documents = self.gauge("volume_minute_documents", about)
        about = "Documents a minute that usually come at this time of the week"
        self.volume_usual = self.gauge("volume_usual_minute_documents", about)
        about = "What bets against too few (silence) or too many (flood) have made; at 1 it alarms"
        self.volume_capital = self.gauge("volume_capital_ratio", about, ["of"])
        self.volume_firing = self.gauge("volume_firing", "1 while too few or too many come", ["of"])
        # Of the reigning release, by what is watched; 0 where nothing is the matter.
        self.drift_documents = self.gauge("drift_documents", "Documents compared with the release's reference", ["of"])
        about = "What bets against no change have made of the false alarms that are allowed; at 1 it alarms"
        self.drift_capital = self.gauge("drift_capital_ratio", about, ["of"])
        self.drift_firing = self.gauge("drift_firing", "1 while it is changed", ["of"])
        self.drift_extra = self.gauge("drift_extra_cost", "Expected cost of a document more than promised", ["of"])
        self.drift_extra_lower = self.gauge("drift_extra_lower_cost", "Its lower bound, 95 %", ["of"])
        # Of the rollout that runs, in its present mode; no series while none does.
        by = ["release", "mode"]
        self.rollout_documents = self.gauge("rollout_documents", "Documents whose truth compares the challenger", by)
        about = "Cost of a document by the challenger less by the champion, in the objective's unit"
        self.rollout_difference = self.gauge("rollout_difference_cost", about, by)
        about = "Lower end of its interval, which holds at any moment"
        self.rollout_lower = self.gauge("rollout_lower_cost", about, by)
        self.rollout_upper = self.gauge("rollout_upper_cost", "Upper end of its interval", by)
        self.objective = self.gauge("objective_info", "1; the objective and its unit", ["objective", "unit"])

    def forget(self, release: str) -> None:
        """The worth of a release that is remembered no more."""
        for gauge in self._of_worth:
            gauge.remove_by_labels({"release": release})
