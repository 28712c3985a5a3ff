"""What documents cost when classes have become more or less frequent, told without a label.

Shares of classes are told by mean probabilities (`class_shares`). Probabilities are then corrected by the ratio of
shares (Saerens, Latinne & Decaestecker, Neural Computation 14(1), 2002) and price the decisions anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.performance.calibrate import Calibration, calibrated
from towpath.monitoring.domain.performance.judged import Judged
from towpath.monitoring.domain.performance.resampled import Decided, resampled
from towpath.monitoring.domain.performance.shares import class_shares
from towpath.monitoring.domain.performance.strata import Promise, promise_of

__all__ = ["Shift", "label_shift"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
# Live documents that a bootstrap prices: more would narrow nothing.
_PRICED = 4000


@dataclass(frozen=True, slots=True)
class Shift:
    """`shares` (K,) of the classes now, `before` (K,) where the release was judged; costs are of a document."""

    before: Floats
    shares: Floats
    promised: float
    cost: float
    lower: float
    upper: float


def label_shift(
    judged: Judged,
    live: Floats,
    labels: Ints,
    ask: NDArray[np.bool_],
    costs: Costs,
    *,
    seed: int = 0,
    draws: int = 100,
    confidence: float = 0.95,
) -> Shift | None:
    """For n live documents: `live` (n, K) probabilities, and decisions (n,). None where shares cannot be told.

    The interval is the normal one, of what these documents cost: with the bootstrap's standard error, over judged and
    live documents, and with what costs of single documents differ by from what is expected of them.
    """
    made = _Corrected.of(judged.probabilities, judged.truths, live)
    if made is None:
        return None
    random = np.random.default_rng(seed)
    promise = made.promise(live, labels, ask, costs)
    rows = random.permutation(len(live))[:_PRICED]
    some = Decided(live[rows], labels[rows], ask[rows])
    costs_of = resampled(judged.probabilities, judged.truths, some, costs, made.calibration, draws, random)
    if len(costs_of) < 2:
        return None
    spread = np.var(costs_of, ddof=1) + promise.variance.mean() / len(live)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.sqrt(spread))
    promised, cost = float(promise_of(live, labels, ask, costs).cost.mean()), float(promise.cost.mean())
    return Shift(made.before, made.shares, promised, cost, cost - half, cost + half)


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What makes probabilities right for live documents."""

    calibration: Calibration
    before: Floats
    shares: Floats

    @classmethod
    def of(cls, judged: Floats, truths: Ints, live: Floats) -> _Corrected | None:
        """None where shares cannot be told."""
        calibration = calibrated(judged, truths)
        shares = class_shares(calibration.of(judged), truths, calibration.of(live).mean(axis=0))
        if shares is None:
            return None
        return cls(calibration, np.bincount(truths, minlength=live.shape[1]) / len(truths), shares)

    def promise(self, live: Floats, labels: Ints, ask: NDArray[np.bool_], costs: Costs) -> Promise:
        corrected = self.calibration.of(live) * (self.shares / self.before)
        corrected /= np.maximum(corrected.sum(axis=1, keepdims=True), 1e-300)
        return promise_of(corrected, labels, ask, costs)
