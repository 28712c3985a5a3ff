"""From a YAML file to an Objective, with the place of every mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from towpath.core.objective.advice import doubts
from towpath.core.objective.behaviour import Suite
from towpath.core.objective.check import unpacked
from towpath.core.objective.keys import meant_by, unknown_key
from towpath.core.objective.marked import ObjectiveError, ObjectiveProblem, located, read_marked
from towpath.core.objective.model import KINDS, Objective, kind_of
from towpath.core.objective.parts import Canvas
from towpath.core.objective.suites import suite_inconsistencies
from towpath.core.objective.tasks import Kind

__all__ = ["Checked", "ObjectiveError", "ObjectiveProblem", "check_objective", "load_objective", "load_suite"]

_ALL_ELSE = (("contract", "task"), ("contract", "costs"))  # what all other parts are checked against
_SUITE = ("contract", "behaviour")
_CANVAS = [field.alias or name for name, field in Canvas.model_fields.items()]


@dataclass(frozen=True)
class Checked:
    """An objective without mistakes; `warnings` are what is allowed and yet hardly meant."""

    objective: Objective
    warnings: list[ObjectiveProblem]


def load_objective(path: Path | str) -> Objective:
    """Read and check `path`.

    Raises:
        ObjectiveError: with every mistake, not just the first.
    """
    return _loaded(path)[0]


def check_objective(path: Path | str) -> Checked:
    """The same, with warnings: also of what stands beside the file.

    Raises:
        ObjectiveError: with every mistake, not just the first.
    """
    objective, data = _loaded(path)
    found = doubts(objective)
    guide = objective.contract.labels.guide
    if guide is not None and not (Path(path).parent / guide).is_file():
        found.append((("contract", "labels", "guide"), f"no file {guide!r} beside {Path(path).name}: write the guide"))
    warnings = [located(where, message, data, str(path)) for where, message in found]
    return Checked(objective, sorted(warnings, key=_place))


def load_suite(path: Path | str, classes: Sequence[str]) -> Suite:
    """Read and check tests of behaviour: those of an objective, or a suite in a file of its own.

    Args:
        classes: of the model that they are for.

    Raises:
        ObjectiveError: with every mistake, not just the first.
    """
    file = str(path)
    data = read_marked(path, "not a suite: a mapping with lexicons and tests is wanted")
    inside = _SUITE if "contract" in data else ()
    if (inside and not isinstance(data["contract"], Mapping)) or (inside and "behaviour" not in data["contract"]):
        raise ObjectiveError([located(inside[:1], "this objective has no behaviour: add tests", data, file)])
    try:
        suite = Suite.model_validate(data["contract"]["behaviour"] if inside else data)
    except ValidationError as error:
        found = [
            located((*inside, *map(str, each["loc"])), _words(each, "text-classification", _SUITE), data, file)
            for each in error.errors(include_url=False)
        ]
        raise ObjectiveError(sorted(found, key=_place)) from None
    if unclear := [located(*each, data, file) for each in suite_inconsistencies(suite, classes, inside)]:
        raise ObjectiveError(sorted(unclear, key=_place))
    return suite


def _loaded(path: Path | str) -> tuple[Objective, Any]:
    file = str(path)
    data = read_marked(path, "not an objective: a mapping with version, name, canvas, contract is wanted")
    try:
        return Objective.model_validate(data), data
    except ValidationError as error:
        found = {*_problems(error, data, file), *_behind(error, data, file)}
        raise ObjectiveError(sorted(found, key=lambda each: (*_place(each), each.said))) from None


def _behind(error: ValidationError, data: Any, file: str) -> Iterator[ObjectiveProblem]:
    """Inconsistencies that mistakes of form hide, where these leave no doubt of task and costs."""
    wrong = [_path(each["loc"]) for each in error.errors(include_url=False)]
    if any(path[:2] in _ALL_ELSE for path in wrong) or ("contract",) in wrong or () in wrong:
        return
    # With defaults in the place of what is wrong.
    rest = json.loads(json.dumps(data, default=str))
    rest.update({"version": 1, "name": "x", "canvas": dict.fromkeys(_CANVAS, "x")})
    for path in wrong:
        path = _SUITE if path[:2] == _SUITE else path
        rest["contract"] = _without(rest["contract"], path[1:]) if path[0] == "contract" else rest["contract"]
    known = Objective.model_fields
    try:
        Objective.model_validate({key: value for key, value in rest.items() if key in known})
    except ValidationError as hidden:
        yield from _problems(hidden, data, file)


def _without(data: Any, path: Sequence[str]) -> Any:
    if not path or not isinstance(data, dict):
        return data
    if len(path) == 1 or not isinstance(data.get(path[0]), dict):
        return {key: value for key, value in data.items() if key != path[0]}
    return {**data, path[0]: _without(data[path[0]], path[1:])}


def _place(problem: ObjectiveProblem) -> tuple[int, int]:
    return problem.line, problem.column


def _problems(error: ValidationError, data: Any, file: str) -> Iterator[ObjectiveProblem]:
    kind = cast("Kind", kind_of(data.get("contract")))
    for each in error.errors(include_url=False):
        # The model's own inconsistencies come as one error.
        packed = unpacked(each["msg"].removeprefix("Value error, ")) if each["type"] == "value_error" else None
        for path, message in packed or [(_path(each["loc"]), _words(each, kind))]:
            yield located(path, message, data, file)


def _path(where: Sequence[int | str]) -> tuple[str, ...]:
    """As in the file, where the branch of the union that pydantic took is no key."""
    parts = tuple(map(str, where))
    return (parts[0], *parts[2:]) if parts[:1] == ("contract",) and parts[1:2] and parts[1] in KINDS else parts


def _words(error: Any, kind: Kind, below: tuple[str, ...] = ()) -> str:
    path = (*below, *_path(error["loc"]))
    if error["type"] == "extra_forbidden":
        return unknown_key(path, kind)
    if error["type"] == "missing":
        return f"is missing: add it ({meant_by(path, kind)})"
    given = error.get("input")
    shown = f", not {str(given)[:60]!r}" if isinstance(given, str | int | float | bool) else ""
    if path == ("contract", "task", "kind"):
        return f"one of {', '.join(KINDS)} is wanted{shown}; the rest was checked as {kind}"
    if error["type"] == "string_pattern_mismatch":
        return f"{str(given)[:60]!r} is not of the form that is wanted: {meant_by(path, kind)}"
    message: str = error["msg"].replace("dictionary", "mapping of keys to values")
    return message[0].lower() + message[1:] + shown
