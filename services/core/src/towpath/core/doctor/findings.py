"""What the doctor says of each check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State", "failed", "is_well", "not_tried", "ok", "warning"]

State = Literal["ok", "warning", "failed", "not tried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`said`: what is; `advice`: the likely cause and what to do, empty where all is well. `seconds` that it took."""

    check: str
    state: State
    said: str
    advice: str = ""
    seconds: float | None = None


def ok(check: str, said: str, seconds: float | None = None) -> Finding:
    return Finding(check, "ok", said, seconds=seconds)


def warning(check: str, said: str, advice: str, seconds: float | None = None) -> Finding:
    return Finding(check, "warning", said, advice, seconds)


def failed(check: str, said: str, advice: str) -> Finding:
    return Finding(check, "failed", said, advice)


def not_tried(check: str, because: str) -> Finding:
    return Finding(check, "not tried", because)


def is_well(findings: Iterable[Finding]) -> bool:
    """Nothing failed. Warnings are for a person to weigh."""
    return all(each.state != "failed" for each in findings)
