"""A guide's mistakes are told all at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.core.objective import load_objective
from towpath.preparation.labels.guide import read_guide

ROOT = Path(__file__).parents[3]
GUIDE = """---
version: 2
---
# Guide

## bad

Some words.

### Examples
- never again
- a list

  of two paragraphs
  - and a nested one

### Borderline
1. hm

## good
### Examples
* great

### Borderline
* not *bad*
"""


def test_the_examples_guide_is_in_order() -> None:
    classes = load_objective(ROOT / "objective.yaml").classes
    guide = read_guide((ROOT / "labelling-guide.md").read_text(), classes)
    assert guide.problems == ()
    assert guide.version == "1"
    assert set(guide.classes) == set(classes)


def test_examples_are_told_with_their_lines() -> None:
    guide = read_guide(GUIDE, ["bad", "good"])
    assert (guide.version, guide.problems) == ("2", ())
    assert [(each.line, each.text) for each in guide.classes["bad"].examples["examples"]] == [
        (11, "never again"),
        (12, "a list"),
    ]
    assert guide.classes["good"].examples["borderline"][0].text == "not *bad*"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version: 2", "about: us", 1, "no version in the front matter"),
        ("version: 2", "version: [", 3, "no YAML"),
        ("---\nversion: 2\n---\n", "", 1, "no version"),
        ("## good", "## Good", 20, "'Good' is no class of the objective: is 'good' meant"),
        ("## good", "## fine", 1, "no section for class 'good'"),
        ("### Borderline\n* not *bad*", "", 20, "class 'good' has no '### Borderline'"),
        ("* not *bad*", "not *bad*", 24, "'Borderline' of class 'good' has no list"),
        ("* great", "* Never  again", 22, "the same example is given for 'bad'"),
        ("## good", "## bad", 20, "a second section 'bad'"),
        ("# Guide", "```\n## bad\n```", 1, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    problems = read_guide(GUIDE.replace(old, new, 1), ["bad", "good"]).problems
    if not message:
        assert problems == (), "what is in a code block is no heading"
    else:
        assert any(each.line == line and message in each.message for each in problems), problems
