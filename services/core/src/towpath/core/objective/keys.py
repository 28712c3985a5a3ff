"""What the keys of an objective are for, and where they belong."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import BaseModel

from towpath.core.objective.behaviour import TESTS, Suite
from towpath.core.objective.model import (
    KINDS,
    AnswerContract,
    ClassContract,
    EntityContract,
    Objective,
    SearchContract,
)
from towpath.core.objective.tasks import Kind

__all__ = ["meant_by", "unknown_key"]

Path = tuple[str, ...]
_CONTRACTS: Mapping[Kind, type[BaseModel]] = dict(
    zip(KINDS, (ClassContract, EntityContract, AnswerContract, SearchContract), strict=True)
)


def unknown_key(path: Path, kind: Kind) -> str:
    """What to do about the last key of `path` in an objective of this kind of task."""
    path = _unnumbered(path)
    parent, key = path[:-1], path[-1]
    known = [(each[:-1], each[-1]) for each in _keys(kind)]
    here = [each for place, each in known if place == parent]
    if near := difflib.get_close_matches(key, here, n=1):
        return f"unknown key: did you mean {near[0]!r}?"
    elsewhere = [".".join(place) or "the top level" for place, each in known if each == key]
    if elsewhere:
        return f"unknown key here: it belongs in {' or '.join(elsewhere)}"
    others = [other for other in KINDS if path in _keys(other)]
    if others and here:
        return f"is for {' and '.join(others)}; {kind} has {', '.join(here)} here"
    return "unknown key: remove it" + (f"; known here are {', '.join(here)}" if here else "")


def meant_by(path: Path, kind: Kind) -> str:
    """What the schema says of this key, or of the nearest one above it."""
    known, path = _keys(kind), _unnumbered(path)
    return next((known[path[:end]] for end in range(len(path), 0, -1) if path[:end] in known), "")


def _unnumbered(path: Path) -> Path:
    """Places in lists are no keys."""
    return tuple(each for each in path if not each.isdigit())


@cache
def _keys(kind: Kind) -> dict[Path, str]:
    """Description by path, of everything that an objective of this kind may have."""
    return dict([*_walk(Objective, ()), *_walk(_CONTRACTS[kind], ("contract",))])


def _walk(model: type[BaseModel], path: Path) -> Iterator[tuple[Path, str]]:
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        yield here, field.description or ""
        inner = [
            each
            for each in (field.annotation, *typing.get_args(field.annotation))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        if len(inner) == 1:
            yield from _walk(inner[0], here)
    if model is Suite:
        for test in TESTS:
            (name,) = typing.get_args(test.model_fields["kind"].annotation)
            yield from _walk(test, (*path, "tests", name))
