"""What predictions are worth, as gauges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from towpath.monitoring.domain.performance.estimate import Estimate
from towpath.monitoring.domain.performance.worth import Tracked
from towpath.monitoring.metrics import MonitoringMetrics

__all__ = ["show_confusion", "show_estimates", "show_labelled", "show_shift"]


def show_labelled(metrics: MonitoringMetrics, tracked: Tracked, classes: Sequence[str]) -> None:
    """From feedback; how many documents there are comes last, so that who waits for it finds the rest."""
    release, labelled = tracked.release_id, tracked.labelled
    accuracy, cost = labelled.point()
    bounds, shares = labelled.cost(), labelled.accuracy()
    metrics.accuracy.labels(release).set(accuracy)
    metrics.accuracy_low.labels(release).set(shares.lower)
    metrics.accuracy_high.labels(release).set(shares.upper)
    metrics.realised.labels(release).set(cost)
    metrics.realised_low.labels(release).set(bounds.lower)
    metrics.realised_high.labels(release).set(bounds.upper)
    metrics.promised.labels(release).set(labelled.promised / max(1, labelled.count))
    metrics.macro_f1.labels(release).set(labelled.mean_f1())
    metrics.calibration.labels(release).set(labelled.mean_calibration_error())
    for by, value, cells in labelled.slices(tuple(classes)):
        metrics.slice_documents.labels(release, by, value).set(cells.total())
        metrics.slice_cost.labels(release, by, value).set(labelled.mean_cost(cells))
    found = tracked.excess.look() if tracked.excess is not None else None
    if found is not None:
        metrics.excess.labels(release).set(found.mean)
        metrics.excess_low.labels(release).set(found.lower)
        metrics.excess_high.labels(release).set(found.upper)
    metrics.joined.labels(release).set(labelled.count)


def show_confusion(
    metrics: MonitoringMetrics, confusion: Mapping[tuple[int, int], int], classes: Sequence[str]
) -> None:
    """By indices of truth and class."""
    for (truth, label), count in confusion.items():
        metrics.confusion.labels(classes[truth], classes[label]).set(count)


def show_estimates(metrics: MonitoringMetrics, tracked: Tracked, cost: Estimate, accuracy: Estimate) -> None:
    """Of the last documents, labelled or not."""
    release = tracked.release_id
    metrics.estimated.labels(release).set(cost.mean)
    metrics.estimated_low.labels(release).set(cost.lower)
    metrics.estimated_high.labels(release).set(cost.upper)
    metrics.estimated_accuracy.labels(release).set(accuracy.mean)
    metrics.unlabelled.labels(release).set(cost.unknown_share)


def show_shift(metrics: MonitoringMetrics, tracked: Tracked, classes: Sequence[str]) -> None:
    """Of the reigning release, where classes' shares can be told."""
    if tracked.shift is None:
        return
    for name, share in zip(classes, tracked.shift.shares, strict=True):
        metrics.prior.labels(tracked.release_id, name).set(float(share))
    metrics.shifted.labels(tracked.release_id).set(tracked.shift.cost)
