"""What changed between two objectives, in the words of the business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.objective.model import ClassContract, Objective
from towpath.core.objective.phrases import CANVAS, SUBJECTS, humanised, said
from towpath.core.objective.thresholds import pair

__all__ = ["Differences", "differences"]


@dataclass(frozen=True)
class Differences:
    """`obeyed`: what programs obey. `follows`: what these will do otherwise. `told`: wording, which nothing obeys."""

    obeyed: list[str]
    follows: list[str]
    told: list[str]
    same_hash: bool


def differences(old: Objective, new: Objective) -> Differences:
    """From `old` to `new`."""
    obeyed, told = list(_names(old, new)), list(_canvas(old, new))
    if old.kind != new.kind:
        obeyed.append(f"the task is now {new.kind}, was {old.kind}: tasks, prices and baselines are others altogether")
    else:
        obeyed += [*_listed(old, new), *_money(old, new)]
    obeyed += [*_others(old, new), *_tests(old, new)]
    return Differences(obeyed, list(_follows(old, new)), told, old.hash == new.hash)


def _names(old: Objective, new: Objective) -> Iterator[str]:
    if old.name != new.name:
        yield f"the objective is now called {new.name}, was {old.name}: models and alerts go by that name"


def _canvas(old: Objective, new: Objective) -> Iterator[str]:
    for name in type(new.canvas).model_fields:
        before, after = getattr(old.canvas, name), getattr(new.canvas, name)
        if before != after:
            yield f"{CANVAS[name]}: “{after}”, was “{before}”"


def _kinds(objective: Objective) -> tuple[str, tuple[str, ...]]:
    task = objective.contract.task
    if task.kind == "text-classification":
        return "class", task.classes
    return ("type", task.entities) if task.kind == "entity-extraction" else ("", ())


def _listed(old: Objective, new: Objective) -> Iterator[str]:
    what, before = _kinds(old)
    after = _kinds(new)[1]
    renamed = new.contract.labels.renamed
    for name in before:
        if name not in after and name in renamed:
            yield f"the {what} {name} is now called {renamed[name]}; annotations that say {name} still count"
        elif name not in after:
            yield (
                f"the {what} {name} is gone: annotations that name it count no more, unless contract.labels.renamed "
                "says what they are now"
            )
    for name in after:
        if name not in before and name not in renamed.values():
            yield f"the {what} {name} is new: nothing is labelled so yet"
    if before != after and set(before) == set(after):
        yield f"the order is now {', '.join(after)}, was {', '.join(before)}"


def _money(old: Objective, new: Objective) -> Iterator[str]:
    was, now = old.unit, new.unit
    if was != now:
        yield f"costs are now counted in {now}, were in {was}"
    if old.ask_person != new.ask_person:
        if new.ask_person is None:
            yield f"nobody can be asked any more; asking a person cost {old.ask_person:g} {was}"
        elif old.ask_person is None:
            yield f"a person can now be asked, for {new.ask_person:g} {now}"
        else:
            yield f"asking a person now costs {new.ask_person:g} {now}, was {old.ask_person:g} {was}"
    before, after = _prices(old), _prices(new)
    for error, cost in after.items():
        if error not in before:
            yield f"{error} costs {cost:g} {now}"
        elif before[error] != cost:
            yield f"{error} now costs {cost:g} {now}, was {before[error]:g} {was}"


def _prices(objective: Objective) -> dict[str, float]:
    """Each error in words, with what it costs."""
    contract = objective.contract
    if contract.task.kind == "text-classification" and isinstance(contract, ClassContract):
        return {
            f"a missed {truth} taken for {decision}" if truth != decision else f"a {truth} that is recognised": cost
            for truth, row in contract.costs.matrix.items()
            for decision, cost in row.items()
        }
    costs = contract.costs.model_dump(exclude={"unit", "ask_person"})
    flat = {
        f"{_ERRORS[error]} {name}": cost
        for name, row in costs.pop("entities", {}).items()
        for error, cost in row.items()
    }
    return flat | {_ERRORS[error]: cost for error, cost in costs.items() if error in _ERRORS}


def _others(old: Objective, new: Objective) -> Iterator[str]:
    before, after = (dict(_leaves(each)) for each in (old, new))
    for path in dict.fromkeys([*before, *after]):
        if old.kind != new.kind and path.startswith(("task.", "readiness.baselines")):
            continue
        if before.get(path) != after.get(path):
            subject = SUBJECTS.get(path) or humanised(path)
            yield f"{subject} is now {said(after.get(path))}, was {said(before.get(path))}"


def _tests(old: Objective, new: Objective) -> Iterator[str]:
    before, after = (_by_name(each) for each in (old, new))
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield f"the behaviour test “{name}” is gone"
        elif name not in before:
            yield f"the behaviour test “{name}” is new: its limit is {said(after[name]['limit'])}"
        else:
            for key, value in after[name].items():
                if before[name].get(key) != value:
                    yield f"{_words_of(name, key)} is now {said(value)}, was {said(before[name].get(key))}"


def _words_of(name: str, key: str) -> str:
    return humanised(f"behaviour.tests.{name}.{key}")


def _by_name(objective: Objective) -> dict[str, dict[str, Any]]:
    suite = objective.behaviour if objective.kind == "text-classification" else None
    dumped = [each.model_dump(by_alias=True, mode="json") for each in suite.tests] if suite else []
    return {each["name"]: each for each in dumped}


def _leaves(objective: Objective) -> Iterator[tuple[str, Any]]:
    contract = objective.contract.model_dump(by_alias=True, mode="json")
    task = contract.pop("task")
    del contract["costs"]
    if contract.get("behaviour") is not None:
        del contract["behaviour"]["tests"]
    yield from _flat({"task": {key: task[key] for key in task if key not in ("kind", "classes", "entities")}}, ())
    yield from _flat(contract, ())


def _flat(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, inner in node.items():
            yield from _flat(inner, (*path, key))
    elif not isinstance(node, Mapping):
        yield ".".join(path), node


def _follows(old: Objective, new: Objective) -> Iterator[str]:
    if old.kind != "text-classification" or new.kind != "text-classification":
        return
    both = [name for name in new.classes if name in old.classes]
    for n, first in enumerate(both):
        for second in both[n + 1 :]:
            was, now = (
                pair(each.costs, each.classes.index(first), each.classes.index(second)).boundary for each in (old, new)
            )
            if was is not None and now is not None and abs(was - now) >= 0.0005:
                yield (
                    f"between {first} and {second}, {first} is decided from a probability of {100 * now:.1f} % on, "
                    f"was {100 * was:.1f} % (where nobody is asked)"
                )


_ERRORS = {
    "missed": "a missed",
    "spurious": "a spurious",
    "wrong_type": "a wrong type for a",
    "wrong_boundary": "a wrong boundary of a",
    "wrong": "a wrong answer",
    "answered_unanswerable": "an answer where the text has none",
    "missed_relevant": "a relevant document that is not shown",
    "shown_irrelevant": "an irrelevant document that is shown",
}
