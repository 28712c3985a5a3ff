"""What feedback says a release is worth: accuracy, realised cost with its uncertainty, confusion."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from towpath.core.objective import Costs
from towpath.monitoring.domain.join import Joined

__all__ = ["Estimate"]


@dataclass
class Estimate:
    """Of one release. Costs are in the objective's unit a document."""

    costs: Costs
    count: int = 0
    right: int = 0
    cost: float = 0.0
    squares: float = 0.0
    promised: float = 0.0
    confusion: Counter[tuple[int, int]] = field(default_factory=Counter)

    def add(self, joined: Joined, sign: int = 1) -> None:
        """Count it; with sign -1 take it back. A class that the objective does not know is never counted."""
        predicted, truth = joined.predicted, joined.told.truth
        if predicted.label is None:
            return
        cost = float(self.costs.realised([truth], [predicted.label], [predicted.ask])[0])
        self.count += sign
        self.right += sign * (predicted.label == truth)
        self.cost += sign * cost
        self.squares += sign * cost * cost
        self.promised += sign * predicted.expected_cost
        self.confusion[truth, predicted.label] += sign

    def summary(self, confidence: float = 0.95) -> dict[str, Any]:
        """Figures for people; the interval of the mean cost is the normal one, given from 30 documents on."""
        if self.count == 0:
            return {"documents": 0}
        mean = self.cost / self.count
        found: dict[str, Any] = {
            "documents": self.count,
            "accuracy": self.right / self.count,
            "realisedCost": mean,
            "predictedCost": self.promised / self.count,
        }
        if self.count >= 30:
            variance = max(0.0, self.squares / self.count - mean * mean) * self.count / (self.count - 1)
            half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance / self.count)
            found["realisedCostInterval"] = [mean - half, mean + half]
        return found
