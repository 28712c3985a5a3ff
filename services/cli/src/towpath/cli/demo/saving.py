"""What the closed loop was worth: the costs of the films' decisions, and what was saved. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from towpath.cli.demo.loop import Loop
from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective
from towpath.v1 import Decision, Prediction

__all__ = ["Cost", "Saving", "cost_of", "figures", "saving"]


@dataclass(frozen=True)
class Cost:
    """Of `documents`: the mean in the objective's unit by the raters' truth, and the share handed to a person."""

    documents: int
    mean: float
    asked: float


@dataclass(frozen=True)
class Saving:
    """On the same documents, in the unit: by the release that took over, and by the first. `error` is the standard
    error of the mean difference."""

    by_new: Cost
    by_first: Cost
    error: float

    @property
    def each(self) -> float:
        """Of a document."""
        return self.by_first.mean - self.by_new.mean

    @property
    def total(self) -> float:
        return self.each * self.by_new.documents


def cost_of(films: Sequence[Tweet], decided: Mapping[str, tuple[str, bool]], objective: Objective) -> Cost | None:
    """None where there are no films. `decided`: class and whether a person is asked, by document."""
    if not films:
        return None
    costs = _costs(films, decided, objective)
    return Cost(len(films), float(costs.mean()), float(np.mean([decided[each.document_id][1] for each in films])))


def saving(
    films: Sequence[Tweet],
    new: Mapping[str, tuple[str, bool]],
    first: Mapping[str, tuple[str, bool]],
    objective: Objective,
) -> Saving | None:
    """Paired: both decided each of the `films`. None where there are none."""
    by_new, by_first = cost_of(films, new, objective), cost_of(films, first, objective)
    if by_new is None or by_first is None:
        return None
    difference = _costs(films, first, objective) - _costs(films, new, objective)
    return Saving(by_new, by_first, float(difference.std() / np.sqrt(len(films))))


def decisions(loop: Loop) -> dict[str, tuple[str, bool]]:
    """What was acted on, of each film, whichever release answered."""
    return {key: _decision(seen.prediction) for key, seen in loop.seen.items()}


def figures(loop: Loop, objective: Objective) -> dict[str, Any]:
    """Every figure of the second act that there is, for the report and the screen."""
    acted = decisions(loop)
    answered = [each for each in (*loop.tried, *loop.after) if each.document_id in loop.first_decisions]
    saved = saving(answered, acted, loop.first_decisions, objective)
    expected, run_cost = objective.contract.retraining.expected_documents, objective.contract.retraining.run_cost
    return {
        "films": len(loop.films),
        "changes": list(loop.changes),
        "alert": {key: value for key, value in loop.alert.items() if key != "drift"},
        "documents_until_alarm": loop.until_alarm,
        "seconds_until": dict(loop.seconds),
        "capital": loop.capital,
        "priced": dict(loop.priced),
        "question": dict(loop.question),
        "ratings": loop.ratings,
        "run": {key: value for key, value in loop.run.items() if key != "steps"},
        "rollout": dict(loop.rollout),
        "evidence": dict(loop.evidence),
        "documents_until_release": len(loop.before) + len(loop.tried),
        "realised_cost": loop.realised,
        "costs": {
            "before": _plain(cost_of(loop.before, acted, objective)),
            "tried": _plain(cost_of(loop.tried, acted, objective)),
            "after": _plain(cost_of(loop.after, acted, objective)),
        },
        "saved": None
        if saved is None
        else {
            "documents": saved.by_new.documents,
            "by_new": saved.by_new.mean,
            "by_first": saved.by_first.mean,
            "error": saved.error,
            "each": saved.each,
            "total": saved.total,
            "expected_documents": expected,
            "expected": saved.each * expected - run_cost,
            "run_cost": run_cost,
        },
    }


def _costs(films: Sequence[Tweet], decided: Mapping[str, tuple[str, bool]], objective: Objective) -> Any:
    index = {label: number for number, label in enumerate(objective.classes)}
    true = [index[objective.class_of_grade(each.mean)] for each in films]
    said = [decided[each.document_id] for each in films]
    return objective.costs.realised(true, [index[label] for label, _ in said], [ask for _, ask in said])


def _decision(prediction: Prediction) -> tuple[str, bool]:
    said = prediction.class_decision
    return said.label, said.decision == Decision.DECISION_ASK_PERSON


def _plain(cost: Cost | None) -> dict[str, float] | None:
    return None if cost is None else {"documents": cost.documents, "mean": cost.mean, "asked": cost.asked}
