"""Deciding by cost: the action of least expected cost, or a person where asking one is cheaper.

Bayes-optimal decisions under a cost matrix: Elkan, "The foundations of cost-sensitive learning", IJCAI 2001; the
option to ask is Chow's reject option, IEEE Trans. Inf. Theory 16(1), 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Costs", "Decisions"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Decisions:
    """For n documents: `labels` (n,) class indices, `ask` (n,) bool, `expected_cost` (n,) in the unit."""

    labels: NDArray[np.intp]
    ask: NDArray[np.bool_]
    expected_cost: Floats


@dataclass(frozen=True)
class Costs:
    """`matrix` (K, K): cost of deciding for the column when the row is true. `ask_person`: price of asking."""

    matrix: Floats
    ask_person: float | None

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]], ask_person: float | None) -> Costs:
        return cls(np.asarray(rows, dtype=np.float64), ask_person)

    def decide(self, probabilities: ArrayLike) -> Decisions:
        """The cheapest decision for each row of `probabilities` (n, K). Ties go to the class named first."""
        expected = np.asarray(probabilities, dtype=np.float64) @ self.matrix
        labels = expected.argmin(axis=1)
        cost = expected[np.arange(len(labels)), labels]
        if self.ask_person is None:
            return Decisions(labels, np.zeros(len(labels), dtype=np.bool_), cost)
        ask = cost > self.ask_person
        return Decisions(labels, ask, np.where(ask, self.ask_person, cost))

    def realised(self, truth: ArrayLike, labels: ArrayLike, ask: ArrayLike | None = None) -> Floats:
        """What decisions cost (n,), given the `truth` (n,) and `labels` (n,) as indices and whom was asked."""
        cost: Floats = self.matrix[np.asarray(truth, dtype=np.intp), np.asarray(labels, dtype=np.intp)]
        if ask is None or self.ask_person is None:
            return cost
        return np.where(np.asarray(ask, dtype=np.bool_), self.ask_person, cost)
