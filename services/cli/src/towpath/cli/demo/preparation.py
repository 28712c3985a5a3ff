"""The demo's first act: what it is for, what deciding costs without a model, and whether its raters agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective
from towpath.core.objective.policies import BreakEven, Policies, break_even, trivial_policies
from towpath.preparation.labels.alpha import Estimate, estimate, sums_of

__all__ = ["Preparation", "prepare"]


@dataclass(frozen=True)
class Preparation:
    """`shares` (K,) of the classes by the raters' means; `agreement` is Krippendorff's alpha of their grades."""

    shares: tuple[float, ...]
    policies: Policies
    break_even: BreakEven
    agreement: Estimate

    def figures(self) -> dict[str, Any]:
        return {
            "class_shares": list(self.shares),
            "cost_majority": float(self.policies.always[self.policies.majority]),
            "cost_chance": self.policies.proportional_chance,
            "cost_ask_always": self.policies.ask,
            "agreement": self.agreement.to_dict(),
        }

    def lines(self, objective: Objective) -> list[str]:
        """What a reader should know before anything is trained."""
        wanted, alpha = objective.contract.labels.agreement, self.agreement
        met = "above" if alpha.low >= wanted.floor else "BELOW"
        bounds = f"({alpha.low:.3f} to {alpha.high:.3f})"
        return [
            f"for: {objective.canvas.value_proposition}",
            f"does: {objective.canvas.decisions}",
            f"without a model: {self._without(objective)}",
            f"a model pays {self._pays()}",
            f"raters: alpha {alpha.value:.3f} {bounds}, {met} the floor of {wanted.floor:g}",
        ]

    def _without(self, objective: Objective) -> str:
        policies, unit = self.policies, objective.unit
        majority = objective.classes[policies.majority]
        said = [
            f"always {majority} {policies.always[policies.majority]:.2f}",
            f"chance {policies.proportional_chance:.2f}",
        ]
        if policies.ask is not None:
            said.append(f"always a person {policies.ask:.2f}")
        return ", ".join(said) + f" {unit} a document"

    def _pays(self) -> str:
        even = self.break_even
        if even.acted_on is None:
            return "nowhere: even one without errors is no cheaper"
        weighed = "" if even.weighed is None else f", from {even.weighed:.1%} if it is weighed and may ask"
        return f"from an accuracy of {even.acted_on:.1%} on if each answer is acted on{weighed}"


def prepare(tweets: Sequence[Tweet], objective: Objective) -> Preparation:
    """Of all tweets with their raters' grades.

    Raises:
        ValueError: there are no tweets, or a grade is outside of the objective's.
    """
    counts = Counter(objective.class_of_grade(each.mean) for each in tweets)
    if not counts:
        raise ValueError("there are no tweets")
    shares = tuple(counts[name] / counts.total() for name in objective.classes)
    return Preparation(
        shares,
        trivial_policies(objective.costs, shares),
        break_even(objective.costs, shares),
        _agreement(tweets, objective),
    )


def _agreement(tweets: Sequence[Tweet], objective: Objective) -> Estimate:
    wanted = objective.contract.labels.agreement
    document = np.repeat(np.arange(len(tweets)), [len(each.ratings) for each in tweets])
    grade = np.array([grade for each in tweets for grade in each.ratings], dtype=np.float64)
    sums = sums_of(document, grade, "interval", documents=len(tweets), classes=len(objective.classes))
    return estimate(sums, confidence=wanted.confidence, samples=wanted.bootstrap_samples, seed=0)
