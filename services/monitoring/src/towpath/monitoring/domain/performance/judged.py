"""What a release cost on the documents that it was judged on, beside what its probabilities promised of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.performance.strata import promise_of
from towpath.v1 import Reference

__all__ = ["Judged", "beyond_of", "judged_of", "span_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Judged:
    """n documents: `probabilities` (n, K) in the objective's order, `truths` (n,) class indices, and the decisions."""

    probabilities: Floats
    truths: Ints
    labels: Ints
    ask: NDArray[np.bool_]


def judged_of(reference: Reference, classes: Sequence[str], costs: Costs) -> Judged | None:
    """None where it holds no probabilities, or not of the objective's classes, or not a whole number of rows."""
    count, names = reference.documents, list(reference.classes)
    if count == 0 or sorted(names) != sorted(classes) or len(reference.truths) != count:
        return None
    table = np.asarray(reference.probabilities, dtype=np.float64)
    truths = np.asarray(reference.truths, dtype=np.intp)
    if len(table) != count * len(names) or not np.isfinite(table).all() or truths.max() >= len(names):
        return None
    order = np.array([names.index(each) for each in classes])
    place = np.empty(len(names), dtype=np.intp)
    place[order] = np.arange(len(names))
    probabilities = table.reshape(count, -1)[:, order]
    decided = costs.decide(probabilities)
    return Judged(probabilities, place[truths], decided.labels, decided.ask)


def span_of(costs: Costs, label: int) -> tuple[float, float]:
    """The least and the most that realised less promised cost can be where `label` is acted on.

    Nothing is acted on whose promise is above the price of asking a person.
    """
    column = costs.matrix[:, label]
    promised = float(column.max()) if costs.ask_person is None else min(float(column.max()), costs.ask_person)
    least = float(column.min()) - max(promised, float(column.min()))
    most = float(column.max() - column.min())
    return (least, most) if least < most else (-1.0, 1.0)


def beyond_of(judged: Judged, costs: Costs) -> list[Floats]:
    """Realised less promised cost of the documents that each class was acted on (K,)."""
    promise = promise_of(judged.probabilities, judged.labels, judged.ask, costs)
    beyond = costs.realised(judged.truths, judged.labels) - promise.cost
    acted = [(judged.labels == label) & ~judged.ask for label in range(costs.matrix.shape[0])]
    return [np.clip(beyond[rows], *span_of(costs, label)) for label, rows in enumerate(acted)]
