"""What a first objective is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from towpath.core.errors import RejectedError
from towpath.core.objective import Canvas, Kind

__all__ = ["CANVAS", "ENTITY_ERRORS", "TO_BE_WRITTEN", "Draft", "possible_costs", "with_canvas", "with_cost"]

TO_BE_WRITTEN = "To be written"
CANVAS = {each.alias or name: each.description or "" for name, each in Canvas.model_fields.items()}
ENTITY_ERRORS = ("missed", "spurious", "wrongType", "wrongBoundary")
_SHOWN = 6


@dataclass(frozen=True)
class Draft:
    """`names` are classes, or types of entities. `costs` by key as `--cost` has it; what is not there costs 1."""

    name: str
    kind: Kind = "text-classification"
    names: tuple[str, ...] = ()
    unit: str = "EUR"
    ask_person: float | None = None
    costs: dict[str, float] = field(default_factory=dict)
    canvas: dict[str, str] = field(default_factory=dict)

    def cost(self, key: str) -> float:
        return self.costs.get(key, 1.0)


def possible_costs(kind: Kind, names: tuple[str, ...]) -> list[str]:
    """The keys of all errors that can be priced."""
    if kind == "text-classification":
        return [f"{truth}:{decision}" for truth in names for decision in names if truth != decision]
    if kind == "entity-extraction":
        return [f"{name}:{error}" for name in names for error in ENTITY_ERRORS]
    if kind == "question-answering":
        return ["wrong", "missed", "answeredUnanswerable"]
    return ["missedRelevant", "shownIrrelevant"]


def with_cost(draft: Draft, told: str) -> Draft:
    """`truth:decision=5`, or as the kind has it.

    Raises:
        RejectedError: no such error, or no number.
    """
    key, equals, value = told.rpartition("=")
    possible = possible_costs(draft.kind, draft.names)
    if not equals or key not in possible:
        shown = ", ".join(f"{each}=1" for each in possible[:_SHOWN]) + (", …" if len(possible) > _SHOWN else "")
        raise RejectedError(f"--cost {told!r}: {draft.kind} has {shown}")
    try:
        cost = float(value)
    except ValueError:
        raise RejectedError(f"--cost {told!r}: {value!r} is no number") from None
    return replace(draft, costs={**draft.costs, key: cost})


def with_canvas(draft: Draft, told: str) -> Draft:
    """`decisions=Negative tweets go to an agent.`

    Raises:
        RejectedError: no such box.
    """
    key, _, text = told.partition("=")
    if key not in CANVAS or not text.strip():
        raise RejectedError(f"--canvas {told!r}: KEY=TEXT is wanted, of the keys {', '.join(CANVAS)}")
    return replace(draft, canvas={**draft.canvas, key: text.strip()})
