"""Cases that fail, as people want to see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from towpath.core.objective.behaviour import BehaviourTest, Directional, MinimumFunctionality
from towpath.pipelines.behaviour.answers import Answers
from towpath.pipelines.behaviour.cases import Case

__all__ = ["Example", "example"]


@dataclass(frozen=True)
class Example:
    """A case that fails: what was asked, what it was before the change, what was said and what should have been."""

    text: str
    before: str | None
    said: str
    wanted: str


def example(test: BehaviourTest, case: Case, answers: Answers) -> Example:
    """What was said of a case that fails, and what was wanted."""
    (row,) = answers.rows([case.text])
    if isinstance(test, MinimumFunctionality):
        return Example(case.text, None, _said(answers, row, test.judge), test.expect)
    (before,) = answers.rows([case.before or case.text])
    if isinstance(test, Directional):
        return Example(case.text, case.before, *_direction(test, answers, row, before))
    return Example(case.text, case.before, _said(answers, row, test.judge), _said(answers, before, test.judge))


def _direction(test: Directional, answers: Answers, row: int, before: int) -> tuple[str, str]:
    """(what was said, what was wanted)."""
    name = str(test.must_not_raise or test.must_not_lower)
    column = answers.probabilities[:, answers.classes.index(name)]
    said = f"{name} {column[row]:.2f}, was {column[before]:.2f}"
    if test.must_not_raise is not None:
        return said, f"at most {min(1.0, column[before] + test.tolerance):.2f}"
    return said, f"at least {max(0.0, column[before] - test.tolerance):.2f}"


def _said(answers: Answers, row: int, by: Literal["class", "decision"]) -> str:
    if by == "decision" and answers.asked[row]:
        return "ask a person"
    place = int(answers.decided[row] if by == "decision" else answers.best[row])
    return f"{answers.classes[place]} {answers.probabilities[row, place]:.2f}"
