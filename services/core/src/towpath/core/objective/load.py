"""From a YAML file to an Objective, with the place of every mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from towpath.core.errors import RejectedError
from towpath.core.objective.advice import doubts
from towpath.core.objective.check import unpacked
from towpath.core.objective.keys import meant_by, unknown_key
from towpath.core.objective.model import KINDS, Objective, kind_of
from towpath.core.objective.parts import Canvas
from towpath.core.objective.tasks import Kind

__all__ = ["Checked", "ObjectiveError", "ObjectiveProblem", "check_objective", "load_objective"]

_MAX_BYTES = 1_000_000
_ALL_ELSE = (("contract", "task"), ("contract", "costs"))  # what all other parts are checked against
_CANVAS = [field.alias or name for name, field in Canvas.model_fields.items()]


@dataclass(frozen=True)
class ObjectiveProblem:
    """One mistake. Lines and columns count from 1; `path` is dotted, as in the file."""

    file: str
    line: int
    column: int
    path: str
    message: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def said(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    def __str__(self) -> str:
        return f"{self.place}: {self.said}"


class ObjectiveError(RejectedError):
    """All mistakes of an objective file."""

    def __init__(self, problems: Sequence[ObjectiveProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


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
    warnings = [_located(where, message, data, str(path)) for where, message in found]
    return Checked(objective, sorted(warnings, key=_place))


def _loaded(path: Path | str) -> tuple[Objective, Any]:
    file = str(path)
    data = _yaml(_read(Path(path), file), file)
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


def _read(path: Path, file: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ObjectiveError([_at(file, f"cannot be read: {error.strerror or error}")]) from None
    if len(raw) > _MAX_BYTES:
        raise ObjectiveError([_at(file, f"{len(raw)} bytes, at most {_MAX_BYTES} are read")])
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ObjectiveError([_at(file, "not UTF-8", line)]) from None


def _yaml(text: str, file: str) -> Any:
    try:
        data = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ObjectiveError([ObjectiveProblem(file, line, column, "", f"not YAML: {error.problem}")]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ObjectiveError([_at(file, f"not YAML: {error}")]) from None
    if not isinstance(data, Mapping):
        raise ObjectiveError([_at(file, "not an objective: a mapping with version, name, canvas, contract is wanted")])
    return data


def _at(file: str, message: str, line: int = 1) -> ObjectiveProblem:
    return ObjectiveProblem(file, line, 1, "", message)


def _problems(error: ValidationError, data: Any, file: str) -> Iterator[ObjectiveProblem]:
    kind = cast("Kind", kind_of(data.get("contract")))
    for each in error.errors(include_url=False):
        # The model's own inconsistencies come as one error.
        packed = unpacked(each["msg"].removeprefix("Value error, ")) if each["type"] == "value_error" else None
        for path, message in packed or [(_path(each["loc"]), _words(each, kind))]:
            yield _located(path, message, data, file)


def _path(where: Sequence[int | str]) -> tuple[str, ...]:
    """As in the file, where the branch of the union that pydantic took is no key."""
    parts = tuple(map(str, where))
    return (parts[0], *parts[2:]) if parts[:1] == ("contract",) and parts[1:2] and parts[1] in KINDS else parts


def _words(error: Any, kind: Kind) -> str:
    path = _path(error["loc"])
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


def _located(path: Sequence[str], message: str, data: Any, file: str) -> ObjectiveProblem:
    """Go down as far as the file goes; what is missing is placed at its parent."""
    line, column, here = 0, 0, data
    walked = []
    for n, part in enumerate(path):
        key: Any = int(part) if isinstance(here, list) and part.isdigit() else part
        marks = getattr(getattr(here, "lc", None), "data", None) or {}
        if key in marks:
            line, column = marks[key][0], marks[key][1]
            here = here[key]
        elif n < len(path) - 1:
            continue  # pydantic names the branch of a union, which is not in the file
        walked.append(part)
    return ObjectiveProblem(file, line + 1, column + 1, ".".join(walked), message)
