"""A linear head on embeddings: regularised by expected cost, calibrated by temperature.

scikit-learn is imported by who fits: it takes seconds, and the other stages and a cold start do without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from towpath.core.objective import Costs
from towpath.model.build import Head

__all__ = ["Trained", "calibrate", "fit"]

_STRENGTHS = (0.3, 1.0, 3.0, 10.0)
_FOLDS = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """`regularisation` is scikit-learn's C; `cost_by_c` the expected cost in cross-validation of each tried."""

    head: Head
    regularisation: float
    cost_by_c: dict[float, float]
    temperature: float = 1.0


def fit(
    embeddings: NDArray[np.float32], truth: NDArray[np.intp], weight: Floats, costs: Costs, *, seed: int
) -> Trained:
    """Choose C by the cost of cross-validated decisions, then fit on everything. Deterministic given `seed`.

    Args:
        embeddings: (n, D).
        truth: (n,) class indices.
        weight: (n,) how much an example counts when fitting; the cost counts each alike.
    """
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    rows = embeddings.astype(np.float64)
    classes = len(costs.matrix)
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(rows, truth))
    # Products as thin as a few classes gain nothing by threads, which spin while they wait: thirteen times the
    # processor's seconds on two cores that others use, too.
    with threadpool_limits(1):
        cost_by_c = {c: _cost(rows, truth, weight, costs, c, folds) for c in _STRENGTHS}
        best = min(_STRENGTHS, key=cost_by_c.__getitem__)
        return Trained(_head(rows, truth, weight, best, classes), best, cost_by_c)


def calibrate(trained: Trained, embeddings: NDArray[np.float32], truth: NDArray[np.intp]) -> Trained:
    """Divide the logits by the temperature of least log loss on data not trained on.

    Guo et al., "On calibration of modern neural networks", ICML 2017. The temperature goes into the head, so that a
    bundle needs no step more.
    """
    from scipy.optimize import minimize_scalar

    if len(truth) == 0:
        return trained
    logits = embeddings.astype(np.float64) @ trained.head.coef.T + trained.head.intercept

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(truth)), truth].mean())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
    head = Head(trained.head.coef / temperature, trained.head.intercept / temperature)
    return Trained(head, trained.regularisation, trained.cost_by_c, temperature)


def probabilities(head: Head, embeddings: NDArray[np.float32]) -> Floats:
    """(n, K)."""
    made: Floats = softmax(embeddings.astype(np.float64) @ head.coef.T + head.intercept, axis=1)
    return made


def _cost(
    rows: Floats,
    truth: NDArray[np.intp],
    weight: Floats,
    costs: Costs,
    c: float,
    folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> float:
    total = 0.0
    for train, test in folds:
        head = _head(rows[train], truth[train], weight[train], c, len(costs.matrix))
        decisions = costs.decide(softmax(rows[test] @ head.coef.T + head.intercept, axis=1))
        total += float(costs.realised(truth[test], decisions.labels, decisions.ask).sum())
    return total / len(truth)


def _head(rows: Floats, truth: NDArray[np.intp], weight: Floats, c: float, classes: int) -> Head:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=2000, tol=1e-5).fit(rows, truth, sample_weight=weight / weight.mean())
    coef = np.zeros((classes, rows.shape[1]))
    # A class that no example has is never predicted.
    intercept = np.full(classes, -30.0)
    if len(model.classes_) == 2:
        # scikit-learn fits one row for two classes; the other's logits are zero.
        coef[model.classes_[1]], intercept[model.classes_[1]] = model.coef_[0], model.intercept_[0]
        intercept[model.classes_[0]] = 0.0
    else:
        coef[model.classes_], intercept[model.classes_] = model.coef_, model.intercept_
    return Head(coef, intercept)
