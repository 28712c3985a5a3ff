"""One release: everything that shows what its predictions are worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.domain.performance.estimate import Estimate, estimate
from towpath.monitoring.domain.performance.excess import Excess, Found
from towpath.monitoring.domain.performance.judged import Judged
from towpath.monitoring.domain.performance.labelled import CONFIDENCE, Bounded, Labelled
from towpath.monitoring.domain.performance.recent import Rows
from towpath.monitoring.domain.performance.shift import Shift
from towpath.monitoring.domain.performance.shown import (
    Estimated,
    Extra,
    FromFeedback,
    Interval,
    LabelShift,
    Release,
    Slice,
)
from towpath.monitoring.domain.performance.strata import Promise, promise_of

__all__ = ["Tracked", "accuracy_of", "cost_of", "release_of"]


@dataclass
class Tracked:
    """What is remembered of a release. `excess` is None until it reigns."""

    release_id: str
    index: int
    labelled: Labelled
    predictions: int = 0
    judged: Judged | None = None
    excess: Excess | None = None
    fired: Found | None = None
    alarm: Finding | None = None
    shift: Shift | None = None
    told: dict[str, int] = field(default_factory=dict)

    def grown(self, what: str, count: int, share: float, window: int) -> bool:
        """Whether `count` is above what it was when this last said so by a share of that, or of `window`.

        So what is dear is not done at each poll.
        """
        before = self.told.get(what, 0)
        if count <= before or (count - before) < share * min(before, window):
            return False
        self.told[what] = count
        return True


def cost_of(rows: Rows, costs: Costs, promise: Promise | None = None) -> Estimate:
    """Mean cost of the documents in a window, in the unit. `promise`: what was promised of them, where it is known."""
    promise = promise or promise_of(rows.probabilities, rows.labels, rows.ask, costs)
    realised = costs.realised(rows.truths, rows.labels, rows.ask)
    return estimate(promise.strata, promise.cost, promise.variance, realised, rows.truths >= 0, _reach(costs))


def accuracy_of(rows: Rows, costs: Costs, promise: Promise | None = None) -> Estimate:
    """The same for the share of right classes among them."""
    promise = promise or promise_of(rows.probabilities, rows.labels, rows.ask, costs)
    right = (rows.truths == rows.labels).astype(np.float64)
    bounds = np.tile([0.0, 1.0], (2 * costs.matrix.shape[0], 1))
    variance = promise.right * (1 - promise.right)
    return estimate(promise.strata, promise.right, variance, right, rows.truths >= 0, bounds)


def release_of(
    tracked: Tracked, rows: Rows, costs: Costs, classes: tuple[str, ...], found: Found | None, reigns: bool
) -> Release:
    """For people."""
    shift, labelled = tracked.shift, tracked.labelled
    return Release(
        release_id=tracked.release_id,
        reigns=reigns,
        feedback=_feedback(labelled) if labelled.count else None,
        slices=_slices(labelled, classes),
        cost=_estimated(cost_of(rows, costs)) if len(rows.labels) else None,
        accuracy=_estimated(accuracy_of(rows, costs)) if len(rows.labels) else None,
        label_shift=None if shift is None else LabelShift(
            before=dict(zip(classes, shift.before.tolist(), strict=True)),
            now=dict(zip(classes, shift.shares.tolist(), strict=True)),
            promised_cost=shift.promised,
            cost=Interval(mean=shift.cost, lower=shift.lower, upper=shift.upper),
        ),
        extra_cost=None if found is None else Extra(
            documents=found.documents, mean=found.mean, lower=found.lower, upper=found.upper, began_at=found.began_at,
            firing=tracked.fired is not None,
        ),
    )  # fmt: skip


def _feedback(labelled: Labelled) -> FromFeedback:
    return FromFeedback(
        documents=labelled.count,
        changed=labelled.changed,
        accuracy=_interval(labelled.accuracy()),
        macro_f1=_interval(labelled.macro_f1()),
        calibration_error=_interval(labelled.calibration_error()),
        realised_cost=_interval(labelled.cost()),
        promised_cost=labelled.promised / labelled.count,
    )


def _slices(labelled: Labelled, classes: tuple[str, ...]) -> list[Slice]:
    error = (1 - CONFIDENCE) / labelled.possible_slices()
    return [
        Slice(
            by=by, value=value, documents=cells.total(),
            accuracy=_interval(labelled.accuracy(cells, error)), realised_cost=_interval(labelled.cost(cells, error)),
        )
        for by, value, cells in labelled.slices(classes)
    ]  # fmt: skip


def _interval(bounded: Bounded) -> Interval:
    return Interval(mean=bounded.mean, lower=bounded.lower, upper=bounded.upper)


def _estimated(found: Estimate) -> Estimated:
    share = f"{100 * found.unknown_share:.1f} % of the documents are in strata without any label"
    why = f"{found.labelled} labels correct the promise; {share}"
    if not found.trusted:
        why = f"{share}: of these only the promise is known, and what became of others says nothing about them"
    return Estimated(
        documents=found.documents, labelled=found.labelled, promised=found.promised, mean=found.mean,
        lower=found.lower, upper=found.upper, unlabelled_share=found.unknown_share, trusted=found.trusted,
        explanation=why,
    )  # fmt: skip


def _reach(costs: Costs) -> NDArray[np.float64]:
    """(2 K, 2): the least and the most that a document of each stratum can cost."""
    columns = np.stack([costs.matrix.min(axis=0), costs.matrix.max(axis=0)], axis=1)
    if costs.ask_person is None:
        return np.concatenate([columns, columns])
    return np.concatenate([columns, np.full_like(columns, costs.ask_person)])
