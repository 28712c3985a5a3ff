"""The figures that all ways of telling share, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from towpath.core.errors import RejectedError
from towpath.core.objective import Objective
from towpath.core.objective.policies import BreakEven, Policies, break_even, trivial_policies
from towpath.core.objective.thresholds import ASK, Acting, Pair, acting, pair

__all__ = ["Explanation", "explain", "parse_shares"]

SHOWN_PAIRS, _KEPT_PAIRS = 10, 30


@dataclass(frozen=True)
class Explanation:
    """`shares_from` says where the class shares come from. `pairs` are the dearest 30, dearest first."""

    objective: Objective
    shares: NDArray[np.float64]
    shares_from: str
    policies: Policies
    break_even: BreakEven
    acting: Sequence[Acting]
    pairs: Sequence[Pair]

    def name(self, action: int) -> str:
        return "ask a person" if action == ASK else self.objective.classes[action]

    @property
    def policy_rows(self) -> list[tuple[str, float]]:
        """(policy, cost of a document), cheapest first."""
        policies, classes = self.policies, self.objective.classes
        rows = [(f"always {name}", float(cost)) for name, cost in zip(classes, policies.always, strict=True)]
        if (self.shares == self.shares.max()).sum() == 1:
            rows[policies.majority] = (f"{rows[policies.majority][0]}, the majority", rows[policies.majority][1])
        rows += [("chance, each class alike", policies.uniform_chance)]
        rows += [("chance, as the classes occur", policies.proportional_chance)]
        if policies.ask is not None:
            rows.append(("ask a person about everything", policies.ask))
        return sorted(rows, key=lambda row: row[1])

    @property
    def verdict(self) -> list[str]:
        """From which quality on a model is cheaper than doing without, in sentences."""
        best, unit = self.policy_rows[0], self.objective.unit
        said = [f"The price to beat is {money(best[1])} {unit} a document: {best[0]}."]
        found = self.break_even
        if found.acted_on is None or found.weighed is None:
            return [*said, "No model is cheaper, not even one without error: lower the costs of right decisions."]
        said.append(
            f"A model whose every answer is acted on pays for itself from {percent(found.acted_on)} accuracy; "
            f"from {percent(found.weighed)} where answers are weighed by the costs."
        )
        if self.policies.asks:
            said.append(
                "A model that knows when it is unsure pays at less: for each document on which acting is cheaper than "
                "asking, see below, and a person has the rest."
            )
        return said

    @property
    def alarm(self) -> str:
        """From which harm on an alert starts a training, in a sentence."""
        policy, unit = self.objective.contract.retraining, self.objective.unit
        harm = policy.run_cost / policy.expected_documents * 1000
        return (
            f"An alert is worth a training of its own above {harm:,.3g} {unit} more per 1,000 documents: a run costs "
            f"{policy.run_cost:g} {unit}, and {policy.expected_documents:,} documents are expected."
        )

    def regions(self, pair: Pair) -> str:
        """What is decided from which probability of the pair's first class on."""
        parts = [f"{self.name(each.action)} from {percent(each.low)}" for each in pair.regions[1:]]
        return ", ".join([f"{self.name(pair.regions[0].action)} at first", *parts])


def explain(objective: Objective, shares: Sequence[float] | None, shares_from: str = "given") -> Explanation:
    """Without shares, all classes occur alike.

    Raises:
        RejectedError: the shares do not fit, or the objective's task has no classes.
    """
    costs = objective.costs
    count = len(objective.classes)
    share = np.full(count, 1 / count) if shares is None else np.asarray(shares, dtype=np.float64)
    try:
        policies = trivial_policies(costs, share)
    except ValueError as error:
        raise RejectedError(str(error)) from None
    matrix, right = costs.matrix, np.diag(costs.matrix)
    regret = share[:, None] * (matrix - right[:, None])
    dearest = sorted(combinations(range(count), 2), key=lambda each: -(regret[each] + regret[each[::-1]]))
    known = [pair(costs, *each) for each in dearest[:_KEPT_PAIRS]]
    told = shares_from if shares is not None else "all alike, since none were given: --shares or --snapshot tell"
    return Explanation(objective, share, told, policies, break_even(costs, share), acting(costs), known)


def parse_shares(text: str, classes: Sequence[str]) -> list[float]:
    """`negative=.2,neutral=.3,positive=.5`; a class that is left out has none, and percentages may be written.

    Raises:
        RejectedError: with what is wrong.
    """
    found = dict.fromkeys(classes, 0.0)
    for part in text.split(","):
        name, equals, value = part.rpartition("=")
        name = name.strip()
        if not equals or name not in found:
            raise RejectedError(f"--shares: {part.strip()!r} is not one of {', '.join(f'{c}=0.5' for c in classes)}")
        try:
            found[name] = float(value.strip().removesuffix("%")) / (100 if value.strip().endswith("%") else 1)
        except ValueError:
            raise RejectedError(f"--shares: {value.strip()!r} of {name} is no number") from None
    total = sum(found.values())
    if not abs(total - 1) <= 0.01 or min(found.values()) < 0:
        raise RejectedError(f"--shares: they sum to {total:g}; shares are from 0 to 1 and sum to 1")
    return [value / total for value in found.values()]


def money(value: float) -> str:
    """Three significant digits at least, and no more than are needed."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.2f}"


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"
