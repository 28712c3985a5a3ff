"""From which probability on to act: boundaries of decisions, and the band in which a person is asked.

For two classes the boundary is p* of Elkan, "The foundations of cost-sensitive learning", IJCAI 2001, eq. 2; asking in
between is Chow's reject option, IEEE Trans. Inf. Theory 16(1), 1970. With more classes a probability of one class does
not settle a decision: what is exact is the line between two classes, and what one probability alone guarantees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from towpath.core.objective.costs import Costs
from towpath.core.objective.tasks import AnswerCosts, EntityCosts, SearchCosts

if TYPE_CHECKING:
    from towpath.core.objective.model import Objective

__all__ = ["ASK", "Acting", "Pair", "Region", "acting", "acting_on_findings", "cost_of_threshold", "pair", "pairs"]

Floats = NDArray[np.float64]
ASK = -1
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Region:
    """Between two probabilities, `action` is cheapest: a class' index, or ASK."""

    low: float
    high: float
    action: int


@dataclass(frozen=True)
class Pair:
    """Documents that are of `first` with probability p, else of `second`.

    `boundary`: p from which `first` is cheaper than `second`; None where one of them always is. `regions` have what is
    cheapest of all decisions, p from 0 to 1: a third class may lie between two others.
    """

    first: int
    second: int
    boundary: float | None
    regions: tuple[Region, ...]

    @property
    def band(self) -> tuple[float, float] | None:
        """p between which asking a person is cheapest; one interval, since the least cost is concave in p."""
        asked = [each for each in self.regions if each.action == ASK]
        return (asked[0].low, asked[-1].high) if asked else None


@dataclass(frozen=True)
class Acting:
    """What the probability of a class alone says of acting on it against asking.

    Below `never_below` asking is cheaper wherever the rest of the probability lies; from `always_from` on acting is.
    nan without a price of asking; above 1 where acting is dearer even when certain.
    """

    never_below: float
    always_from: float


def pair(costs: Costs, first: int, second: int) -> Pair:
    """Exact: decisions change only where the costs of two of them cross."""
    lines = costs.matrix[[second, first]]
    if costs.ask_person is not None:
        lines = np.column_stack([lines, [costs.ask_person] * 2])
    difference = lines[:, :, None] - lines[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = (difference[0] / (difference[0] - difference[1])).ravel()
    edges = np.unique([0.0, *crossings[(crossings > 0) & (crossings < 1)], 1.0])
    middles = (edges[:-1] + edges[1:]) / 2
    rows = np.zeros((len(middles), len(costs.matrix)))
    rows[:, first], rows[:, second] = middles, 1 - middles
    made = costs.decide(rows)
    actions = np.where(made.ask, ASK, made.labels)
    return Pair(first, second, _boundary(costs.matrix, first, second), _merged(edges, actions))


def pairs(costs: Costs) -> list[Pair]:
    """Of all pairs of classes, each once."""
    size = len(costs.matrix)
    return [pair(costs, first, second) for first in range(size) for second in range(first + 1, size)]


def acting(costs: Costs) -> list[Acting]:
    """For each class. With two classes both bounds are one: Chow's threshold."""
    size = len(costs.matrix)
    if costs.ask_person is None:
        return [Acting(math.nan, math.nan)] * size
    return [_acting(costs.matrix, index, costs.ask_person) for index in range(size)]


def _acting(matrix: Floats, index: int, ask: float) -> Acting:
    right, wrong = float(matrix[index, index]), np.delete(matrix[:, index], index)
    low, high = float(wrong.min()), float(wrong.max())
    never_below = 0.0 if low <= ask else _least(right, low, ask)
    return Acting(never_below, 0.0 if right <= ask and high <= ask else _least(right, high, ask))


def acting_on_findings(objective: Objective) -> list[tuple[str, float]]:
    """Where a task finds things rather than classes: what to do with a finding, from which probability of being right.

    Each finding is a decision of its own between a false alarm and a miss, so p* is Elkan's. Where a text is known to
    have an answer, withholding it costs a miss (or a person) for certain: Chow's threshold. Classes have none.
    """
    costs, ask = objective.contract.costs, objective.ask_person
    if isinstance(costs, EntityCosts):
        return [
            (f"Marking words as {name}", _worth(each.spurious, each.missed)) for name, each in costs.entities.items()
        ]
    if isinstance(costs, AnswerCosts):
        return [
            (
                "Giving an answer, where the text has one,",
                _sure(costs.wrong, min(costs.missed, costs.missed if ask is None else ask)),
            ),
            ("Giving an answer, where the text may have none,", _worth(costs.answered_unanswerable, costs.missed)),
        ]
    if isinstance(costs, SearchCosts):
        return [("Showing a document", _worth(costs.shown_irrelevant, costs.missed_relevant))]
    return []


def _sure(wrong: float, otherwise: float) -> float:
    return max(0.0, 1 - otherwise / wrong) if wrong > 0 else 0.0


def _worth(false_alarm: float, miss: float) -> float:
    return false_alarm / (false_alarm + miss) if false_alarm + miss > 0 else 0.0


def cost_of_threshold(
    costs: Costs, shares: ArrayLike, first: int, second: int, thresholds: ArrayLike, auc: float
) -> Floats:
    """Cost (n,) of deciding for `first` from each threshold (n,) on, for `second` below, among documents of the two.

    The model is calibrated; its scores are binormal with the given area under the ROC curve, 0.5 to 1 exclusive (Green
    & Swets 1966). Cost as a function of the threshold: Hernández-Orallo, Flach & Ferri, JMLR 13, 2012.
    """
    share = np.asarray(shares, dtype=np.float64)[[first, second]]
    share = share / share.sum()
    separation = math.sqrt(2) * _NORMAL.inv_cdf(auc)
    cut = np.asarray(thresholds, dtype=np.float64)
    logits = np.log(cut / (1 - cut)) - math.log(share[0] / share[1])
    cdf = np.vectorize(_NORMAL.cdf, otypes=[np.float64])
    below = [cdf((logits - sign * separation**2 / 2) / separation) for sign in (1, -1)]
    matrix = costs.matrix[np.ix_([first, second], [first, second])]
    paid = [below[n] * matrix[n, 1] + (1 - below[n]) * matrix[n, 0] for n in (0, 1)]
    return np.asarray(share[0] * paid[0] + share[1] * paid[1])


def _boundary(matrix: Floats, first: int, second: int) -> float | None:
    spared = float(matrix[second, first] - matrix[second, second])
    lost = float(matrix[first, second] - matrix[first, first])
    if spared <= 0 or lost <= 0:
        return None
    return spared / (spared + lost)


def _least(right: float, wrong: float, ask: float) -> float:
    """The probability of being right from which acting costs at most what asking does, where being wrong costs more."""
    return math.inf if right > ask else (wrong - ask) / (wrong - right)


def _merged(edges: Floats, actions: NDArray[np.intp]) -> tuple[Region, ...]:
    starts = [0, *(np.flatnonzero(np.diff(actions)) + 1)]
    ends = [*starts[1:], len(actions)]
    return tuple(Region(float(edges[a]), float(edges[b]), int(actions[a])) for a, b in zip(starts, ends, strict=True))
