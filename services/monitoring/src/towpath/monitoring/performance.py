"""Following what predictions are worth: from predictions and feedback to figures, and an alarm where it is less."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Finding, ReadingMonitor
from towpath.monitoring.domain.join import Counted, Join, Predicted, Told
from towpath.monitoring.domain.performance.excess import Excess, Found
from towpath.monitoring.domain.performance.judged import beyond_of, judged_of
from towpath.monitoring.domain.performance.labelled import Labelled
from towpath.monitoring.domain.performance.recent import Recent
from towpath.monitoring.domain.performance.shift import label_shift
from towpath.monitoring.domain.performance.shown import Worth
from towpath.monitoring.domain.performance.strata import promise_of
from towpath.monitoring.domain.performance.worth import Tracked, accuracy_of, cost_of, release_of
from towpath.monitoring.domain.reading import Reading
from towpath.monitoring.handlers import truth_of
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.worth_metrics import show_confusion, show_estimates, show_labelled, show_shift
from towpath.v1 import Feedback, GateOutcome, ModelRelease

__all__ = ["CAUSE", "Performance"]

CAUSE = "performance/cost"
# Shares by which documents must have grown before figures of labels, estimates, and the label shift, are made anew.
_LABELLED_GROWTH, _ESTIMATE_GROWTH, _SHIFT_GROWTH = 0.02, 0.05, 0.2
# Figures of labels are made anew after so long, too, if there is but one more.
_LABELLED_S = 10.0
_LEAST_SHIFTED = 100


@dataclass
class Performance(ReadingMonitor):
    """The use case. `window` predictions and feedback are remembered, of `releases` releases.

    `margin`: by how much a document may become dearer, in the unit, and nobody be paged.
    """

    objective: Objective
    metrics: MonitoringMetrics
    window: int
    releases: int
    budget: Budget
    margin: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._join = Join(self.window)
        self._recent = Recent(self.window, len(self.objective.classes))
        self._tracked: dict[str, Tracked] = {}
        self._made = 0
        self._labelled_at: dict[str, float] = {}
        self._reigning = ""
        self._classes = {name: index for index, name in enumerate(self.objective.classes)}
        self._untold = (math.nan,) * len(self._classes)

    def release(self, message: ModelRelease) -> None:
        """One that reigns from now on: it is held against what it was judged on."""
        if message.model_name != self.objective.name or not message.release_id:
            return
        with self._lock:
            tracked = self._track(message.release_id)
            self._reigning = message.release_id
            if tracked.excess is None:
                costs, made = self.objective.costs, message.created_at.ToNanoseconds() / 1e9
                tracked.judged = judged_of(message.reference, self.objective.classes, costs)
                beyond = (
                    [np.zeros(0)] * len(self._classes) if tracked.judged is None else beyond_of(tracked.judged, costs)
                )
                error = self._error(message, made)
                tracked.excess = Excess(costs, beyond, made, error) if error > 0 else None

    def read(self, predictions: Sequence[Reading]) -> None:
        """One of a class that the objective does not know is worth nothing that could be told."""
        with self._lock:
            for each in predictions:
                if 0 <= each.label < len(self._classes) and math.isfinite(each.cost):
                    self._predicted(each)

    def feedback(self, message: Feedback) -> None:
        """Raises MalformedMessageError when it names no known class."""
        truth = self._classes[truth_of(message, self.objective)]
        with self._lock:
            told = Told(message.feedback_id, message.document_id, message.prediction_id, truth)
            self._count(self._join.feedback(told))

    def findings(self) -> Iterable[Finding]:
        """Whether documents have become dearer under the reigning release. Figures are shown as they are then, too."""
        with self._lock:
            for each in self._tracked.values():
                self._publish(each)
            tracked = self._tracked.get(self._reigning)
            if tracked is None or tracked.excess is None:
                return []
            found = tracked.excess.look()
            if found is not None and found.lower > self.margin and found is not tracked.fired:
                tracked.fired, tracked.alarm = found, self._alarm(tracked, tracked.excess, found)
            over = Finding(CAUSE, False, "no longer: another release reigns", release_id=tracked.release_id)
            return [tracked.alarm or over]

    def shown(self) -> Worth:
        """Everything, for people."""
        with self._lock:
            return Worth(
                objective=self.objective.name,
                unit=self.objective.unit,
                releases=[
                    release_of(
                        each,
                        self._recent.of(each.index),
                        self.objective.costs,
                        self.objective.classes,
                        each.excess.look() if each.excess else None,
                        each.release_id == self._reigning,
                    )
                    for each in self._tracked.values()
                ],
            )

    def summary(self) -> dict[str, dict[str, Any]]:
        """By release: how many documents have feedback, and what they cost."""
        with self._lock:
            return {name: _summary(each.labelled) for name, each in self._tracked.items()}

    def _error(self, release: ModelRelease, made: float) -> float:
        """With which it may ever be blamed falsely.

        One that was trained on nothing promises nothing and is blamed for nothing: it takes no part of the budget from
        the first that was trained, however soon that follows.
        """
        if _untrained(release):
            return 0.0
        before = release.previous if release.HasField("previous") and not _untrained(release.previous) else None
        return self.budget.error(CAUSE, None if before is None else made - before.created_at.ToNanoseconds() / 1e9)

    def _track(self, release_id: str) -> Tracked:
        tracked = self._tracked.get(release_id)
        if tracked is None:
            tracked = self._tracked[release_id] = Tracked(release_id, self._made, Labelled(self.objective.costs))
            self._made += 1
            if len(self._tracked) > self.releases:
                gone = next(each for each in self._tracked if each not in (self._reigning, release_id))
                del self._tracked[gone]
                self._labelled_at.pop(gone, None)
                self.metrics.forget(gone)
        return tracked

    def _predicted(self, read: Reading) -> None:
        tracked = self._track(read.release_id)
        tracked.predictions += 1
        row = read.probabilities
        if not (abs(sum(row) - 1) < 0.01 and min(row) >= 0):
            row = self._untold
        surest = max(row)
        predicted = Predicted(
            read.prediction_id,
            read.document_id,
            tracked.release_id,
            read.label,
            read.ask,
            read.cost,
            row.index(surest),
            surest,
            None if read.sketch is None else read.tokens,
            read.at,
            self._recent.add(tracked.index, row, read.label, read.ask),
        )
        self._count(self._join.prediction(predicted))

    def _count(self, counted: Counted | None) -> None:
        tracked = None if counted is None else self._tracked.get(counted.predicted.release_id)
        if counted is None or tracked is None:
            return
        predicted, truth = counted.predicted, counted.truth
        self._recent.truth(predicted.number, truth)
        if counted.before is not None:
            tracked.labelled.change(predicted, counted.before, truth)
            return
        tracked.labelled.add(predicted, truth)
        if tracked.excess is not None:
            cost = self.objective.costs.realised([truth], [predicted.label], [predicted.ask])
            tracked.excess.add(predicted, float(cost[0]))

    def _alarm(self, tracked: Tracked, excess: Excess, fired: Found) -> Finding:
        share, unit = self._acted_share(tracked), self.objective.unit
        extra, least, most = (1000 * share * each for each in (fired.mean, fired.lower, fired.upper))
        base = "the documents that it was judged on" if tracked.judged is not None else "their predictions promised"
        return Finding(
            cause=CAUSE,
            firing=True,
            summary=f"{tracked.release_id} costs more than {base}: by feedback on {fired.documents} documents that "
            f"were acted on, {extra:.0f} {unit} more per 1,000 documents ({least:.0f} to {most:.0f} at any moment)",
            severity="page",
            release_id=tracked.release_id,
            evidence={
                "documents": fired.documents, "excess": fired.mean, "lower": fired.lower, "upper": fired.upper,
                "extra_cost_per_thousand_lower": least, "extra_cost_per_thousand_upper": most, "acted_share": share,
                "judged_documents": 0 if tracked.judged is None else len(tracked.judged.truths),
            },
            extra_cost_per_thousand=extra,
            began_at=fired.began_at,
            document_ids=excess.worst(fired.began_at),
        )  # fmt: skip

    def _acted_share(self, tracked: Tracked) -> float:
        ask = self._recent.of(tracked.index).ask
        return 1 - float(ask.mean()) if len(ask) else 1.0

    def _labelled_grown(self, tracked: Tracked) -> bool:
        now, count = self.clock(), tracked.labelled.count + tracked.labelled.changed
        waited = now - self._labelled_at.get(tracked.release_id, -math.inf)
        share = 0.0 if waited >= _LABELLED_S else _LABELLED_GROWTH
        if not tracked.grown("labelled", count, share, self.window):
            return False
        self._labelled_at[tracked.release_id] = now
        return True

    def _publish(self, tracked: Tracked) -> None:
        labelled = tracked.labelled
        if self._labelled_grown(tracked):
            show_labelled(self.metrics, tracked, self.objective.classes)
            confusion: Counter[tuple[int, int]] = Counter()
            for each in self._tracked.values():
                confusion.update(_confusion(each.labelled))
            show_confusion(self.metrics, confusion, self.objective.classes)
        if tracked.grown(
            "estimate", tracked.predictions + labelled.count + labelled.changed, _ESTIMATE_GROWTH, self.window
        ):
            rows = self._recent.of(tracked.index)
            if len(rows.labels):
                costs = self.objective.costs
                promise = promise_of(rows.probabilities, rows.labels, rows.ask, costs)
                show_estimates(self.metrics, tracked, cost_of(rows, costs, promise), accuracy_of(rows, costs, promise))
        if tracked.judged is None or tracked.predictions < _LEAST_SHIFTED:
            return
        if tracked.release_id == self._reigning and tracked.grown(
            "shift", tracked.predictions, _SHIFT_GROWTH, self.window
        ):
            rows = self._recent.of(tracked.index)
            if len(rows.labels):
                tracked.shift = label_shift(
                    tracked.judged, rows.probabilities, rows.labels, rows.ask, self.objective.costs
                )
                show_shift(self.metrics, tracked, self.objective.classes)


def _untrained(release: ModelRelease) -> bool:
    """A cold start, which asks a person for everything until something is learned."""
    return not release.snapshot_id and release.gate_outcome == GateOutcome.GATE_OUTCOME_NO_BASELINE


def _confusion(labelled: Labelled) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for cell, count in labelled.current.items():
        found[cell.truth, cell.label] += count
    return found


def _summary(labelled: Labelled) -> dict[str, Any]:
    if not labelled.count:
        return {"documents": 0}
    (accuracy, realised), bounds = labelled.point(), labelled.cost()
    return {
        "documents": labelled.count,
        "accuracy": accuracy,
        "realisedCost": realised,
        "realisedCostInterval": [bounds.lower, bounds.upper],
        "predictedCost": labelled.promised / labelled.count,
    }
