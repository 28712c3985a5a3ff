"""The objective as code: canvas for people, contract for programs, costs for every decision."""

from towpath.core.objective.behaviour import Suite
from towpath.core.objective.costs import Costs, Decisions
from towpath.core.objective.load import (
    Checked,
    ObjectiveError,
    ObjectiveProblem,
    check_objective,
    load_objective,
    load_suite,
)
from towpath.core.objective.model import Contract, Objective
from towpath.core.objective.parts import Agreement, Canvas, DataQuality, Labels, Readiness
from towpath.core.objective.tasks import Grades, Kind

__all__ = [
    "Agreement",
    "Canvas",
    "Checked",
    "Contract",
    "Costs",
    "DataQuality",
    "Decisions",
    "Grades",
    "Kind",
    "Labels",
    "Objective",
    "ObjectiveError",
    "ObjectiveProblem",
    "Readiness",
    "Suite",
    "check_objective",
    "load_objective",
    "load_suite",
]
