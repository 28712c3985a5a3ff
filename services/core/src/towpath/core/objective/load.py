"""From a YAML file to an Objective, with the place of every mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from towpath.core.errors import RejectedError
from towpath.core.objective.model import Canvas, Contract, Objective

__all__ = ["ObjectiveError", "ObjectiveProblem", "load_objective"]

_MAX_BYTES = 1_000_000
_KNOWN_KEYS = sorted(
    {field.alias or name for part in (Objective, Canvas, Contract) for name, field in part.model_fields.items()}
    | {
        field.alias or name
        for outer in Contract.model_fields.values()
        if isinstance(outer.annotation, type) and issubclass(outer.annotation, BaseModel)
        for name, field in outer.annotation.model_fields.items()
    }
)


@dataclass(frozen=True)
class ObjectiveProblem:
    """One mistake. Lines and columns count from 1; `path` is dotted, as in the file."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        at = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {at}{self.message}"


class ObjectiveError(RejectedError):
    """All mistakes of an objective file."""

    def __init__(self, problems: Sequence[ObjectiveProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


def load_objective(path: Path | str) -> Objective:
    """Read and check `path`.

    Raises:
        ObjectiveError: with every mistake, not just the first.
    """
    file = str(path)
    data = _yaml(_read(Path(path), file), file)
    try:
        return Objective.model_validate(data)
    except ValidationError as error:
        raise ObjectiveError(sorted(_problems(error, data, file), key=lambda p: (p.line, p.column))) from None


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
    for each in error.errors(include_url=False):
        if each["type"] == "value_error" and "\t" in each["msg"]:
            # The model's own inconsistencies, one a line: path, tab, message.
            for row in each["msg"].removeprefix("Value error, ").split("\n"):
                path, message = row.split("\t", 1)
                yield _located(path.split("."), message, data, file)
        else:
            yield _located(list(map(str, each["loc"])), _words(each), data, file)


def _words(error: Any) -> str:
    key = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, _KNOWN_KEYS, n=1)
        return "unknown key" + (f": did you mean {near[0]!r}?" if near else ": remove it")
    if error["type"] == "missing":
        return "is missing: add it"
    given = error.get("input")
    shown = f", not {str(given)[:60]!r}" if isinstance(given, str | int | float | bool) else ""
    message: str = error["msg"]
    return message[0].lower() + message[1:] + shown


def _located(path: Sequence[str], message: str, data: Any, file: str) -> ObjectiveProblem:
    """Go down as far as the file goes; what is missing is placed at its parent."""
    line, column, here = 0, 0, data
    walked = []
    for part in path:
        key: Any = int(part) if isinstance(here, list) and part.isdigit() else part
        marks = getattr(getattr(here, "lc", None), "data", None) or {}
        if key not in marks:
            # pydantic names the branch of a union, which is not in the file.
            walked.append(part)
            continue
        line, column = marks[key][0], marks[key][1]
        here = here[key]
        walked.append(part)
    return ObjectiveProblem(file, line + 1, column + 1, ".".join(walked), message)
