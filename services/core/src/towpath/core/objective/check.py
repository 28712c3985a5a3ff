"""What no schema can say: parts of an objective that contradict each other, each with the way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from towpath.core.objective.suites import suite_inconsistencies
from towpath.core.objective.tasks import Below, Grades

if TYPE_CHECKING:
    from towpath.core.objective.model import ClassContract, EntityContract, Objective

__all__ = ["Found", "Path", "inconsistencies", "packed", "unpacked"]

Path = tuple[str, ...]
Found = tuple[Path, str]
_CONTRACT = ("contract",)
_PART, _END = "\x1f", "\x1e"  # in no name: control characters are refused there


def inconsistencies(objective: Objective) -> list[Found]:
    """(path, message) of each; the path is that of the file's keys."""
    from towpath.core.objective.model import ClassContract, EntityContract

    contract = objective.contract
    found = [*_lengths(objective), *_asked(objective), *_renamed(objective), *_scale(objective), *_causes(objective)]
    if isinstance(contract, ClassContract):
        found += [*_classes(contract), *_baselines(contract)]
        if contract.behaviour is not None:
            found += suite_inconsistencies(contract.behaviour, contract.task.classes, ("contract", "behaviour"))
    elif isinstance(contract, EntityContract):
        found += _entities(contract)
    return found


def packed(found: Sequence[Found]) -> str:
    """As the text of one error."""
    return _END.join(_PART.join([*path, message]) for path, message in found)


def unpacked(text: str) -> list[Found] | None:
    """From the text of an error; None when it is no packed one."""
    if _PART not in text:
        return None
    parts = [each.split(_PART) for each in text.split(_END)]
    return [(tuple(path), message) for *path, message in parts]


def _classes(contract: ClassContract) -> Iterator[Found]:
    yield from _twice(contract.task.classes, ("contract", "task", "classes"), "class")
    names, path = set(contract.task.classes), ("contract", "costs", "matrix")
    yield from _against(names, set(contract.costs.matrix), path, "row", "class")
    for truth, row in contract.costs.matrix.items():
        yield from _against(names, set(row), (*path, truth), "cost", "class")
        right = row.get(truth)
        if right is not None and any(cost < right for cost in row.values()):
            yield (
                (*path, truth),
                "a wrong decision is cheaper than the right one: lower the diagonal, or swap truth and decision",
            )
    if contract.task.grades is not None:
        yield from _grades(contract.task.grades, names)


def _entities(contract: EntityContract) -> Iterator[Found]:
    yield from _twice(contract.task.entities, ("contract", "task", "entities"), "type")
    path = ("contract", "costs", "entities")
    yield from _against(set(contract.task.entities), set(contract.costs.entities), path, "prices", "type")


def _twice(names: Sequence[str], path: Path, what: str) -> Iterator[Found]:
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield path, f"{name!r} is there twice: name each {what} once"


def _against(wanted: set[str], given: set[str], path: Path, what: str, of: str) -> Iterator[Found]:
    for name in sorted(wanted - given):
        yield path, f"no {what} for {of} {name!r}: add it"
    for name in sorted(given - wanted):
        yield (*path, name), f"{name!r} is no {of} of the task: remove the {what}, or add the {of}"


def _asked(objective: Objective) -> Iterator[Found]:
    if "ask-person" in objective.contract.readiness.baselines and objective.ask_person is None:
        path = ("contract", "readiness", "baselines")
        yield path, "ask-person needs contract.costs.askPerson: say what asking costs, or remove the baseline"


def _baselines(contract: ClassContract) -> Iterator[Found]:
    if "vader" in contract.readiness.baselines and contract.task.grades is None:
        path = ("contract", "readiness", "baselines")
        yield path, "vader needs contract.task.grades, where its score is cut: add them, or remove the baseline"


def _lengths(objective: Objective) -> Iterator[Found]:
    quality = objective.contract.data_quality
    if quality.min_document_chars > quality.max_document_chars:
        yield (
            ("contract", "dataQuality", "minDocumentChars"),
            f"{quality.min_document_chars} is above maxDocumentChars ({quality.max_document_chars}): no document "
            "would be taken; lower it, or raise maxDocumentChars",
        )


def _causes(objective: Objective) -> Iterator[Found]:
    for cause in objective.contract.retraining.causes:
        if cause.startswith("retraining/"):
            path = ("contract", "retraining", "causes")
            yield path, f"{cause!r} is what training itself says when it waits: remove it"


def _renamed(objective: Objective) -> Iterator[Found]:
    names, what = _names(objective)
    for old, new in objective.contract.labels.renamed.items():
        path = ("contract", "labels", "renamed", old)
        if new not in names:
            yield path, f"{new!r} is no {what} of the task: write the name that {old!r} has now"
        elif old in names:
            yield path, f"{old!r} is still a {what} of the task: remove it here, or from the task"


def _names(objective: Objective) -> tuple[tuple[str, ...], str]:
    task = objective.contract.task
    if task.kind == "text-classification":
        return task.classes, "class"
    return (task.entities, "type") if task.kind == "entity-extraction" else ((), "class")


def _scale(objective: Objective) -> Iterator[Found]:
    task, scale = objective.contract.task, objective.contract.labels.agreement.scale
    path = ("contract", "labels", "agreement", "scale")
    if task.kind != "text-classification":
        if scale != "nominal":
            yield path, f"{scale} is for classes, and the task is {task.kind}: write nominal"
    elif scale == "interval" and task.grades is None:
        yield path, "interval needs contract.task.grades: add them, or write ordinal or nominal"


def _grades(grades: Grades, names: set[str]) -> Iterator[Found]:
    path = ("contract", "task", "grades")
    if grades.min >= grades.max:
        yield (*path, "min"), f"min ({grades.min:g}) is not below max ({grades.max:g}): swap them"
    for name in sorted({*grades.bounds, grades.otherwise} - names):
        key = "otherwise" if name == grades.otherwise else name
        yield (*path, key), f"{name!r} is no class of the task: write one of {', '.join(sorted(names))}"
    below = [bound.at_most for bound in grades.bounds.values() if isinstance(bound, Below)]
    above = [bound.at_least for bound in grades.bounds.values() if not isinstance(bound, Below)]
    if len(below) > 1 or len(above) > 1:
        yield path, "only one class may have atMost and one atLeast: the others are `otherwise`"
    elif below and above and below[0] >= above[0]:
        yield path, f"atMost ({below[0]:g}) and atLeast ({above[0]:g}) overlap: lower one, or raise the other"
    for bound in [*below, *above]:
        if not grades.min <= bound <= grades.max:
            yield path, f"{bound:g} is not within {grades.min:g} to {grades.max:g}: no grade would reach it"
