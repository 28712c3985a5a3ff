"""What a suite found, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from towpath.core.objective.behaviour import Limit
from towpath.pipelines.behaviour.judging import Result

__all__ = ["Report", "limit_said", "refusals"]

_SHOWN = 3
_LONGEST = 120


@dataclass(frozen=True)
class Report:
    """`texts`: how many different ones were asked."""

    seed: int
    texts: int
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """No test is beyond its limit."""
        return all(each.verdict != "failed" for each in self.results)

    @property
    def words(self) -> str:
        """How many tests passed, and which did not."""
        counts = {
            name: sum(each.verdict == name for each in self.results)
            for name in ("passed", "failed", "reported", "left out")
        }
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        failed = [f"{each.name} ({each.rate:.0%})" for each in self.results if each.verdict == "failed"]
        return f"{told}: {', '.join(failed)}" if failed else told

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "words": self.words,
            "seed": self.seed,
            "texts": self.texts,
            "tests": [each.to_dict() for each in self.results],
        }


def limit_said(limit: Limit) -> str:
    """As in a column."""
    return limit if isinstance(limit, str) else f"{100 * limit:g}%"


def refusals(tests: Iterable[dict[str, Any]]) -> list[str]:
    """Why the gate refuses, a sentence a test: which, how often, and three texts. From `Report.to_dict`'s tests."""
    return [_refusal(each) for each in tests if each["verdict"] == "failed"]


def _refusal(test: dict[str, Any]) -> str:
    shown = "; ".join(
        f"“{_cut(each['text'])}” ({each['said']} instead of {each['wanted']})" for each in test["examples"][:_SHOWN]
    )
    return f"Behaviour “{test['name']}”: {test['why']}: {shown}."


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
