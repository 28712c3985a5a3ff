"""Kinds of documents that are labelled alike: by what was decided, and for which class.

Labels do not come at random: a person who was asked answers, and nobody looks at a document that nothing was done
about. Within a stratum they are taken to come at random; between strata they may come as they like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs

__all__ = ["Promise", "promise_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Promise:
    """What probabilities promise of n decisions; each (n,). A stratum is a class acted on, or one that was asked about.

    `cost` is expected, `variance` is that of the realised cost around it; `right` is the probability of the class.
    """

    strata: Ints
    cost: Floats
    variance: Floats
    right: Floats


def promise_of(probabilities: Floats, labels: Ints, ask: NDArray[np.bool_], costs: Costs) -> Promise:
    """Of calibrated `probabilities` (n, K) and decisions (n,). Asking a person costs its price, whatever is true."""
    rows = np.arange(len(labels))
    columns = costs.matrix.T[labels]
    # A sum over an axis of a few classes costs several times as much.
    mean = np.einsum("nk,nk->n", probabilities, columns)
    variance = np.maximum(0.0, np.einsum("nk,nk->n", probabilities, columns * columns) - mean**2)
    if costs.ask_person is not None:
        mean, variance = np.where(ask, costs.ask_person, mean), np.where(ask, 0.0, variance)
    strata = np.asarray(labels + costs.matrix.shape[0] * ask, dtype=np.intp)
    return Promise(strata, mean, variance, probabilities[rows, labels])
