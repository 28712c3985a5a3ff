"""Acting on probabilities by the bundle's own objective, so that an embedded model decides as the services do.

The rule is `towpath.core.objective.Costs.decide`; a property test holds the two together. It is not imported, because
whoever embeds a model should need neither Kafka nor a web framework.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DecisionRule", "Prediction"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What to do about one text. `expected_cost` is in the objective's unit."""

    label: str
    decision: Literal["class", "ask-person"]
    expected_cost: float
    probabilities: dict[str, float]
    truncated: bool


@dataclass(frozen=True)
class DecisionRule:
    classes: tuple[str, ...]
    matrix: NDArray[np.float64]
    ask_person: float | None

    @classmethod
    def from_objective(cls, text: str, classes: tuple[str, ...]) -> DecisionRule:
        """Raises ValueError, KeyError or TypeError when `text` (an objective's canonical JSON) does not fit."""
        costs = json.loads(text)["contract"]["costs"]
        table, ask = costs["matrix"], costs.get("askPerson")
        rows = [[float(table[truth][decision]) for decision in classes] for truth in classes]
        rule = cls(classes, np.asarray(rows), None if ask is None else float(ask))
        if not np.isfinite(rule.matrix).all() or not np.isfinite(rule.ask_person or 0):
            raise ValueError("a cost is not a finite number")
        return rule

    def decide(self, probabilities: NDArray[np.float32], truncated: NDArray[np.bool_]) -> list[Prediction]:
        """One prediction for each row of `probabilities` (n, K)."""
        costs = probabilities.astype(np.float64) @ self.matrix
        return [self._one(p, c, bool(t)) for p, c, t in zip(probabilities, costs, truncated, strict=True)]

    def _one(self, probabilities: NDArray[np.float32], costs: NDArray[np.float64], truncated: bool) -> Prediction:
        best = int(costs.argmin())
        cost = float(costs[best])
        ask = self.ask_person is not None and cost > self.ask_person
        by_class = dict(zip(self.classes, map(float, probabilities), strict=True))
        expected = float(self.ask_person) if ask and self.ask_person is not None else cost
        return Prediction(self.classes[best], "ask-person" if ask else "class", expected, by_class, truncated)
