"""How good is good enough: what deciding without a model costs, and the quality from which a model is cheaper.

Expected costs under a cost matrix and class shares: Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
Asking is Chow's reject option, IEEE Trans. Inf. Theory 16(1), 1970. All costs are a document's, in the unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from towpath.core.objective.costs import Costs

__all__ = ["BreakEven", "Policies", "break_even", "cost_of_accuracy", "trivial_policies"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Policies:
    """Costs of policies that read no document. `always` (K,) is that of deciding for each class, whatever comes."""

    always: Floats
    ask: float | None
    majority: int
    uniform_chance: float
    proportional_chance: float

    @property
    def cheapest_class(self) -> int:
        """The class to decide for where no model is; not always the largest one."""
        return int(self.always.argmin())

    @property
    def asks(self) -> bool:
        """Is asking a person about everything the cheapest of all?"""
        return self.ask is not None and self.ask < float(self.always.min())

    @property
    def best(self) -> float:
        """The price to beat."""
        least = float(self.always.min())
        return least if self.ask is None else min(least, self.ask)


@dataclass(frozen=True)
class BreakEven:
    """The quality from which a model with symmetric errors is cheaper than the best trivial policy.

    Symmetric: each class is recognised with the same probability (the accuracy), errors fall evenly on the others.
    `acted_on`: the accuracy where each of its answers is acted on. `weighed`: the same where an answer is evidence,
    weighed with class shares and costs, and a person is asked where that is cheaper; never more than `acted_on`.
    `recalls` (K,): recall that a class needs where all others are recognised without error; 0 where any will do.
    None, and nan, where even a model without error is no cheaper.
    """

    acted_on: float | None
    weighed: float | None
    recalls: Floats


def trivial_policies(costs: Costs, shares: ArrayLike) -> Policies:
    """`shares` (K,): of the classes among the documents, summing to 1.

    Raises:
        ValueError: the shares are not those of the matrix' classes.
    """
    share = _shares(costs, shares)
    always: Floats = share @ costs.matrix
    return Policies(always, costs.ask_person, int(share.argmax()), float(always.mean()), float(always @ share))


def cost_of_accuracy(costs: Costs, shares: ArrayLike, accuracy: ArrayLike) -> tuple[Floats, Floats]:
    """Cost of a model with symmetric errors, at each accuracy (n,): its answers acted on, and weighed; (n,) each."""
    share, rates = _shares(costs, shares), np.atleast_1d(np.asarray(accuracy, dtype=np.float64))
    paid = np.stack([_by_answer(costs, share, float(rate)) for rate in rates])
    acted_on = np.trace(paid[:, :, : len(share)], axis1=1, axis2=2)
    return acted_on, paid.min(axis=2).sum(axis=1)


def break_even(costs: Costs, shares: ArrayLike) -> BreakEven:
    """Solved exactly: between chance (1/K) and no error (1), every cost is linear in the accuracy."""
    share = _shares(costs, shares)
    policies, size = trivial_policies(costs, share), len(share)
    best = size if policies.asks else policies.cheapest_class
    low, high = (_by_answer(costs, share, rate) for rate in (1 / size, 1.0))
    acted_on = _crossing(
        float(np.trace(low[:, :size])) - policies.best, float(np.trace(high[:, :size])) - policies.best
    )
    # Weighed, the model pays from where one of its answers calls for something else than the best trivial policy.
    gains = zip((low - low[:, [best]]).ravel(), (high - high[:, [best]]).ravel(), strict=True)
    crossings = [each for gain in gains if (each := _crossing(*map(float, gain))) is not None]
    span, chance = 1 - 1 / size, 1 / size
    return BreakEven(
        None if acted_on is None else chance + span * acted_on,
        chance + span * min(crossings) if crossings else None,
        _recalls(costs, share, policies.best),
    )


def _recalls(costs: Costs, share: Floats, best: float) -> Floats:
    right = np.diag(costs.matrix)
    wrong = (costs.matrix.sum(axis=1) - right) / (len(share) - 1)
    room = best - float(share @ right)
    if room <= 0:
        return np.full(len(share), np.nan)
    lost = share * (wrong - right)
    return np.where(lost > room, 1 - room / np.where(lost > room, lost, 1.0), 0.0)


def _by_answer(costs: Costs, share: Floats, accuracy: float) -> Floats:
    """(K, K or K + 1): what each action (the classes, then asking) costs, for the part with each answer."""
    size = len(share)
    channel = np.full((size, size), (1 - accuracy) / (size - 1))
    np.fill_diagonal(channel, accuracy)
    joint = share[:, None] * channel
    paid: Floats = joint.T @ costs.matrix
    if costs.ask_person is None:
        return paid
    return np.column_stack([paid, joint.sum(axis=0) * costs.ask_person])


def _crossing(at_zero: float, at_one: float) -> float | None:
    """Where a line falls below 0, from 0 to 1; None where it never does."""
    # Differences of costs that are equal but for rounding are no gain.
    if at_one >= -1e-12:
        return None
    return max(0.0, at_zero) / (max(0.0, at_zero) - at_one)


def _shares(costs: Costs, shares: ArrayLike) -> Floats:
    share = np.asarray(shares, dtype=np.float64)
    if share.shape != (len(costs.matrix),) or not np.isfinite(share).all() or (share < 0).any():
        raise ValueError(f"{len(costs.matrix)} class shares from 0 to 1 are wanted")
    if abs(float(share.sum()) - 1) > 1e-6:
        raise ValueError(f"class shares sum to {share.sum():g}, not to 1")
    return share
