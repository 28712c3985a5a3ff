"""What no schema can say: parts of an objective that contradict each other, each with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from towpath.core.objective.model import Objective

__all__ = ["inconsistencies"]


def inconsistencies(objective: Objective) -> list[tuple[str, str]]:
    """(path, message) of each; the path is dotted, as in the file."""
    return [*_classes(objective), *_matrix(objective), *_grades(objective), *_baselines(objective)]


def _classes(objective: Objective) -> Iterator[tuple[str, str]]:
    names = objective.classes
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield "contract.task.classes", f"{name!r} is there twice: name each class once"


def _matrix(objective: Objective) -> Iterator[tuple[str, str]]:
    names, path = set(objective.classes), "contract.costs.matrix"
    matrix = objective.contract.costs.matrix
    yield from _against(names, set(matrix), path, "row")
    for truth, row in matrix.items():
        yield from _against(names, set(row), f"{path}.{truth}", "cost")
        right = row.get(truth)
        if right is not None and any(cost < right for cost in row.values()):
            yield (
                f"{path}.{truth}",
                "a wrong decision is cheaper than the right one: lower the diagonal, or swap truth and decision",
            )


def _against(wanted: set[str], given: set[str], path: str, what: str) -> Iterator[tuple[str, str]]:
    for name in sorted(wanted - given):
        yield path, f"no {what} for class {name!r}: add it"
    for name in sorted(given - wanted):
        yield f"{path}.{name}", f"{name!r} is no class of the task: remove the {what}, or add the class"


def _baselines(objective: Objective) -> Iterator[tuple[str, str]]:
    named = objective.contract.readiness.baselines
    if "ask-person" in named and objective.ask_person is None:
        yield "contract.readiness.baselines", "ask-person needs contract.costs.askPerson: what asking costs"
    if "vader" in named and objective.contract.task.grades is None:
        yield "contract.readiness.baselines", "vader needs contract.task.grades: its score is cut where grades are"


def _grades(objective: Objective) -> Iterator[tuple[str, str]]:
    from towpath.core.objective.model import Below

    grades = objective.contract.task.grades
    if grades is None:
        return
    path = "contract.task.grades"
    if grades.min >= grades.max:
        yield f"{path}.min", f"min ({grades.min:g}) is not below max ({grades.max:g})"
    for name in sorted({*grades.bounds, grades.otherwise} - set(objective.classes)):
        yield f"{path}.{name}", f"{name!r} is no class of the task"
    below = [bound.at_most for bound in grades.bounds.values() if isinstance(bound, Below)]
    above = [bound.at_least for bound in grades.bounds.values() if not isinstance(bound, Below)]
    if len(below) > 1 or len(above) > 1:
        yield path, "only one class may have atMost and one atLeast"
    elif below and above and below[0] >= above[0]:
        yield path, f"atMost ({below[0]:g}) and atLeast ({above[0]:g}) overlap"
