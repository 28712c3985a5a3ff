"""The objective as code: canvas for people, contract for programs, costs for every decision."""

from towpath.core.objective.costs import Costs, Decisions
from towpath.core.objective.load import ObjectiveError, ObjectiveProblem, load_objective
from towpath.core.objective.model import Canvas, Contract, Grades, Objective, Readiness

__all__ = [
    "Canvas",
    "Contract",
    "Costs",
    "Decisions",
    "Grades",
    "Objective",
    "ObjectiveError",
    "ObjectiveProblem",
    "Readiness",
    "load_objective",
]
