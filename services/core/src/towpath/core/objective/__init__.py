"""The objective as code: canvas for people, contract for programs, costs for every decision."""

from towpath.core.objective.costs import Costs, Decisions
from towpath.core.objective.load import ObjectiveError, ObjectiveProblem, load_objective
from towpath.core.objective.model import Agreement, Canvas, Contract, DataQuality, Grades, Labels, Objective, Readiness

__all__ = [
    "Agreement",
    "Canvas",
    "Contract",
    "Costs",
    "DataQuality",
    "Decisions",
    "Grades",
    "Labels",
    "Objective",
    "ObjectiveError",
    "ObjectiveProblem",
    "Readiness",
    "load_objective",
]
