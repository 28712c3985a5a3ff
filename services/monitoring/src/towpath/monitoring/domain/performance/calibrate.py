"""Probabilities made right on the documents that a release was judged on: a temperature, and an addend a class.

Bias-corrected temperature scaling (Alexandari, Kundaje & Shrikumar, ICML 2020): what corrects probabilities by shares
of classes takes them to be calibrated class by class, and a temperature alone leaves them only so on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "calibrated"]

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


def calibrated(probabilities: Floats, truths: Ints, start: Calibration | None = None) -> Calibration:
    """Of most likelihood on n documents, (n, K) and (n,); Newton's steps from `start`, halved where they overshoot."""
    logs, count = np.log(np.maximum(probabilities, _LEAST)), probabilities.shape[1]
    first = start or Calibration(1.0, np.zeros(count))
    point = np.concatenate([[first.slope], first.addends])
    loss = _loss(point, logs, truths)
    for _ in range(_ROUNDS):
        step = _step(point, logs, truths)
        for _ in range(_HALVINGS):
            after = _loss(point - step, logs, truths)
            if after <= loss:
                break
            step = step / 2
        else:
            break
        point, loss = point - step, after
        if np.abs(step).max() < _ENOUGH:
            break
    return Calibration(float(point[0]), point[1:])


def _loss(point: Floats, logs: Floats, truths: Ints) -> float:
    scores = point[0] * logs + point[1:]
    most = scores.max(axis=1)
    total = most + np.log(np.exp(scores - most[:, None]).sum(axis=1)) - scores[np.arange(len(truths)), truths]
    return float(total.sum() + _DOUBT / 2 * ((point[0] - 1) ** 2 + (point[1:] ** 2).sum()))


def _step(point: Floats, logs: Floats, truths: Ints) -> Floats:
    """The Hessian's inverse times the gradient."""
    found, size = _softmax(point[0] * logs + point[1:]), len(point)
    mean = (found * logs).sum(axis=1)
    said = np.bincount(truths, minlength=size - 1)
    gradient = np.concatenate([[(mean - logs[np.arange(len(truths)), truths]).sum()], found.sum(axis=0) - said])
    gradient += _DOUBT * (point - np.eye(size)[0])
    hessian = _DOUBT * np.eye(size)
    hessian[0, 0] += (found * logs**2).sum() - (mean**2).sum()
    hessian[0, 1:] = hessian[1:, 0] = (found * (logs - mean[:, None])).sum(axis=0)
    hessian[1:, 1:] += np.diag(found.sum(axis=0)) - found.T @ found
    made: Floats = np.linalg.solve(hessian, gradient)
    return made


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    made: Floats = odds / odds.sum(axis=1, keepdims=True)
    return made
