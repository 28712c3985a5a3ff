"""Probabilities made right on the documents that a release was judged on: a temperature, and an addend a class.

Bias-corrected temperature scaling (Alexandari, Kundaje & Shrikumar, ICML 2020): what corrects probabilities by shares
of classes takes them to be calibrated class by class, and a temperature alone leaves them only so on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "calibrated", "fitted", "log_rows", "odds_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_LEAST = 1e-12
# A normal prior on slope and addends, of standard deviation 0.1: releases were calibrated once, and few documents that
# say otherwise are mostly noise. Without it, what is right is made worse (measured from 1 to 200).
_DOUBT = 100.0
_ROUNDS, _HALVINGS, _ENOUGH = 25, 8, 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logarithms of probabilities times `slope`, and `addends` (K,) a class."""

    slope: float
    addends: Floats

    def of(self, probabilities: Floats) -> Floats:
        """(n, K) from (n, K)."""
        return _softmax(self.slope * np.log(np.maximum(probabilities, _LEAST)) + self.addends)


def calibrated(probabilities: Floats, truths: Ints) -> Calibration:
    """Of most likelihood on n documents, (n, K) and (n,)."""
    none = np.eye(1, probabilities.shape[1] + 1)[0]
    point = fitted(log_rows(probabilities), truths, np.ones((1, len(truths))), none)[0]
    return Calibration(float(point[0]), point[1:])


def log_rows(probabilities: Floats) -> Floats:
    """(K, n) logarithms of (n, K) probabilities: a row a class, for sums over a few columns are dear."""
    return np.ascontiguousarray(np.log(np.maximum(probabilities, _LEAST)).T)


def fitted(logs: Floats, truths: Ints, counts: Floats, start: Floats) -> Floats:
    """(s, 1 + K) slope and addends of most likelihood in each of s samples, in which a document is `counts` (s, n)
    times. `logs` (K, n); Newton's steps from `start` (1 + K,), halved where they overshoot."""
    points = np.tile(start, (len(counts), 1))
    loss, gradient, hessian = _reckoned(points, logs, truths, counts)
    going = np.arange(len(points))
    for _ in range(_ROUNDS):
        steps = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        left = going
        for _ in range(_HALVINGS):
            after = _reckoned(points[left] - steps[left], logs, truths, counts[left])
            fine = after[0] <= loss[left]
            taken, left = left[fine], left[~fine]
            points[taken] -= steps[taken]
            loss[taken], gradient[taken], hessian[taken] = (each[fine] for each in after)
            steps[left] /= 2
            if not len(left):
                break
        going = np.setdiff1d(going, left)
        going = going[np.abs(steps[going]).max(axis=1) >= _ENOUGH]
        if not len(going):
            break
    return points


def odds_of(points: Floats, logs: Floats) -> Floats:
    """(s, K, n) from (s, 1 + K) and (K, n): probabilities but for their sum; the highest is 1."""
    scores = points[:, :1, None] * logs + points[:, 1:, None]
    found: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    return found


def _reckoned(points: Floats, logs: Floats, truths: Ints, counts: Floats) -> tuple[Floats, Floats, Floats]:
    """(loss (s,), gradient (s, 1 + K), hessian (s, 1 + K, 1 + K)) at the points."""
    odds, size, own = odds_of(points, logs), points.shape[1], logs[truths, np.arange(len(truths))]
    total = odds.sum(axis=1, keepdims=True)
    found = odds / total
    right = np.take_along_axis(found, np.broadcast_to(truths, (len(points), 1, len(truths))), axis=1)[:, 0]
    doubt = points - np.eye(1, size)
    loss = -np.einsum("sn,sn->s", counts, np.log(np.maximum(right, 1e-300))) + _DOUBT / 2 * (doubt**2).sum(axis=1)
    weighted, mean = found * counts[:, None], np.einsum("skn,kn->sn", found, logs)
    sums = weighted.sum(axis=2)
    gradient = _DOUBT * doubt
    gradient[:, 0] += np.einsum("sn,sn->s", counts, mean - own)
    gradient[:, 1:] += sums - counts @ (truths[:, None] == np.arange(size - 1))
    hessian = np.tile(_DOUBT * np.eye(size), (len(points), 1, 1))
    hessian[:, 0, 0] += np.einsum("skn,kn->s", weighted, logs**2) - np.einsum("sn,sn->s", counts, mean**2)
    hessian[:, 0, 1:] = hessian[:, 1:, 0] = np.einsum("skn,skn->sk", weighted, logs - mean[:, None])
    hessian[:, 1:, 1:] += sums[:, :, None] * np.eye(size - 1) - found @ weighted.transpose(0, 2, 1)
    return loss, gradient, hessian


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    made: Floats = odds / odds.sum(axis=1, keepdims=True)
    return made
