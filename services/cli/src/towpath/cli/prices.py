"""What an objective's errors cost, as a table for people, whatever its kind of task."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.core.objective import Objective
from towpath.core.objective.tasks import AnswerCosts, ClassCosts, EntityCosts

__all__ = ["Prices", "prices"]


@dataclass(frozen=True)
class Prices:
    """`values` (rows, columns) of what is named by `rows` and `columns`; `corner` says what these are."""

    corner: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    per: str

    @property
    def highest(self) -> float:
        return max(max(row) for row in self.values)


def prices(objective: Objective) -> Prices:
    """The cost table of the contract."""
    costs = objective.contract.costs
    if isinstance(costs, ClassCosts):
        names = objective.classes
        rows = tuple(tuple(costs.matrix[truth][decision] for decision in names) for truth in names)
        return Prices("truth \\ decision", names, names, rows, "document")
    if isinstance(costs, EntityCosts):
        rows = tuple((p.missed, p.spurious, p.wrong_type, p.wrong_boundary) for p in costs.entities.values())
        columns = ("missed", "spurious", "wrong type", "wrong boundary")
        return Prices("type \\ error", columns, tuple(costs.entities), rows, "entity")
    if isinstance(costs, AnswerCosts):
        answers = ("wrong answer", costs.wrong), ("missed answer", costs.missed)
        return _listed("question", *answers, ("answer where the text has none", costs.answered_unanswerable))
    missed, shown = costs.missed_relevant, costs.shown_irrelevant
    return _listed("query", ("relevant document not shown", missed), ("irrelevant document shown", shown))


def _listed(per: str, *told: tuple[str, float]) -> Prices:
    return Prices("error", ("cost",), tuple(name for name, _ in told), tuple((cost,) for _, cost in told), per)
