"""A YAML file with the place of everything in it, so that a mistake is told with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from towpath.core.errors import RejectedError

__all__ = ["ObjectiveError", "ObjectiveProblem", "located", "read_marked"]

_MAX_BYTES = 1_000_000


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
    """All mistakes of an objective file, or of a part of one in a file of its own."""

    def __init__(self, problems: Sequence[ObjectiveProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


def read_marked(path: Path | str, wanted: str) -> Any:
    """The mapping in a file, with marks that `located` goes by.

    Args:
        wanted: what the mapping should be, in words.

    Raises:
        ObjectiveError: it cannot be read, is too large, or holds no mapping.
    """
    file = str(path)
    return _yaml(_read(Path(path), file), file, wanted)


def located(path: Sequence[str], message: str, data: Any, file: str) -> ObjectiveProblem:
    """Go down as far as the file goes; what is missing is placed at its parent."""
    line, column, here = 0, 0, data
    walked = []
    for n, part in enumerate(path):
        key: Any = int(part) if isinstance(here, list) and part.isdigit() else part
        marks = getattr(getattr(here, "lc", None), "data", None) or {}
        if key in marks:
            line, column = marks[key][0], marks[key][1]
            here = here[key]
        elif n < len(path) - 1 or not isinstance(here, Mapping):
            continue  # pydantic names the branch of a union, which is not in the file
        walked.append(part)
    return ObjectiveProblem(file, line + 1, column + 1, ".".join(walked), message)


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


def _yaml(text: str, file: str, wanted: str) -> Any:
    try:
        data = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ObjectiveError([ObjectiveProblem(file, line, column, "", f"not YAML: {error.problem}")]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ObjectiveError([_at(file, f"not YAML: {error}")]) from None
    if not isinstance(data, Mapping):
        raise ObjectiveError([_at(file, wanted)])
    return data


def _at(file: str, message: str, line: int = 1) -> ObjectiveProblem:
    return ObjectiveProblem(file, line, 1, "", message)
