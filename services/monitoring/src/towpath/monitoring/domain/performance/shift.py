"""What documents cost when classes have become more or less frequent, told without a label.

Black-box shift estimation (Lipton, Wang & Smola, ICML 2018), with mean probabilities in the place of counts: if
documents of a class are as they were, and only the classes' shares have changed, the mean probabilities of live
documents are those of each class's judged documents, mixed by the new shares. Probabilities are then corrected by the
ratio of shares (Saerens, Latinne & Decaestecker, Neural Computation 14(1), 2002) and price the decisions anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.performance.calibrate import Calibration, calibrated
from towpath.monitoring.domain.performance.judged import Judged
from towpath.monitoring.domain.performance.strata import Promise, promise_of

__all__ = ["Shift", "class_shares", "label_shift"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_ROUNDS = 200
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


def class_shares(probabilities: Floats, truths: Ints, live: Floats) -> Floats | None:
    """(K,) of classes among documents whose mean probabilities are `live` (K,).

    The mixture of the judged documents' (n, K) that is nearest, each class's share above 0. None where a class has no
    judged document, or where classes cannot be told apart by their probabilities.
    """
    count = np.bincount(truths, minlength=len(live))
    if (count == 0).any():
        return None
    by_class = np.array([probabilities[truths == each].mean(axis=0) for each in range(len(live))])
    if np.linalg.cond(by_class) > 1e3:
        return None
    return _nearest(by_class.T, live)


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
    random = np.random.default_rng(seed)
    made = _Corrected.of(judged.probabilities, judged.truths, live)
    if made is None:
        return None
    promise = made.promise(live, labels, ask, costs)
    rows = random.permutation(len(live))[:_PRICED]
    some, said, asked = live[rows], labels[rows], ask[rows]
    centre, costs_of = made.promise(some, said, asked, costs).cost.mean(), []
    for _ in range(draws):
        old = random.integers(len(judged.truths), size=len(judged.truths))
        new = random.integers(len(rows), size=len(rows))
        drawn = _Corrected.of(judged.probabilities[old], judged.truths[old], some[new], made.calibration)
        if drawn is not None:
            costs_of.append(drawn.promise(some[new], said[new], asked[new], costs).cost.mean() - centre)
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
    def of(cls, judged: Floats, truths: Ints, live: Floats, start: Calibration | None = None) -> _Corrected | None:
        """None where shares cannot be told."""
        calibration = calibrated(judged, truths, start)
        shares = class_shares(calibration.of(judged), truths, calibration.of(live).mean(axis=0))
        if shares is None:
            return None
        return cls(calibration, np.bincount(truths, minlength=live.shape[1]) / len(truths), shares)

    def promise(self, live: Floats, labels: Ints, ask: NDArray[np.bool_], costs: Costs) -> Promise:
        corrected = self.calibration.of(live) * (self.shares / self.before)
        corrected /= np.maximum(corrected.sum(axis=1, keepdims=True), 1e-300)
        return promise_of(corrected, labels, ask, costs)


def _nearest(mixing: Floats, live: Floats) -> Floats:
    """Shares q, none below 0 and 1 in all, for which `mixing` (K, K) times q is nearest to `live` (K,)."""
    free = np.linalg.solve(mixing, live)
    if (free >= 0).all():
        return np.asarray(free / free.sum(), dtype=np.float64)
    step, shares = 1 / np.linalg.norm(mixing, 2) ** 2, np.full(len(live), 1 / len(live))
    for _ in range(_ROUNDS):
        shares = _on_simplex(shares - step * mixing.T @ (mixing @ shares - live))
    return shares


def _on_simplex(point: Floats) -> Floats:
    """The nearest point whose parts are none below 0 and 1 in all (Duchi et al., ICML 2008)."""
    ordered = np.sort(point)[::-1]
    beyond = (np.cumsum(ordered) - 1) / np.arange(1, len(point) + 1)
    found: Floats = np.maximum(point - beyond[np.flatnonzero(ordered > beyond)[-1]], 0.0)
    return found
