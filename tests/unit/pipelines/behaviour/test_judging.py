"""What a model's answers mean: which cases fail, by what, and when that is too many, or worse than the champion's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective import Costs, Suite
from towpath.pipelines.behaviour import Labelled, Report, check, refusals
from towpath.pipelines.behaviour.page import as_markdown, as_page

CLASSES = ("negative", "neutral", "positive")
COSTS = Costs.of([[0, 5, 8], [1, 0, 0.5], [1, 0.5, 0]], 0.15)
SURE = dict(zip(CLASSES, np.eye(3), strict=True))
UNSURE = {"negative": np.array([0.6, 0.1, 0.3]), "positive": np.array([0.3, 0.1, 0.6])}


def answering(rule: Callable[[str], Any]) -> Any:
    return lambda texts: np.array([rule(text) for text in texts], dtype=np.float64)


def checked(test: dict[str, Any], ask: Any, *, documents: Sequence[str] | None = None, **more: Any) -> Report:
    about = {"name": "a test", "capability": "c", "limit": 0.1, **test}
    suite = Suite.model_validate({"lexicons": more.pop("lexicons", {}), "tests": [about]})
    known = None if documents is None else [Labelled(text, "positive") for text in documents]
    return check(suite, ask, classes=CLASSES, costs=COSTS, documents=known, **more)


def minimum(count: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "minimum-functionality",
        "expect": "positive",
        "templates": [f"text {n}" for n in range(count)],
        "cases": count,
        **more,
    }


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0, 1))
def test_a_test_fails_exactly_when_more_than_its_limit_fail(cases: int, wrong: int, limit: float) -> None:
    wrong = min(wrong, cases)
    ask = answering(lambda text: SURE["negative" if int(text.split()[1]) < wrong else "positive"])
    report = checked(minimum(cases, limit=limit), ask)
    (result,) = report.results
    assert (result.cases, result.failures, result.acted) == (cases, wrong, wrong)
    assert report.ok is (wrong / cases <= limit)
    assert len(result.examples) == min(5, wrong)
    assert bool(refusals(report.to_dict()["tests"])) is not report.ok


def test_who_is_asked_is_not_acted_on_and_fails_no_decision() -> None:
    unsure = answering(lambda _: UNSURE["negative"])
    (by_class,) = checked(minimum(10), unsure).results
    assert (by_class.verdict, by_class.failures, by_class.acted) == ("failed", 10, 0)
    (by_decision,) = checked(minimum(10, judge="decision"), unsure).results
    assert (by_decision.verdict, by_decision.failures) == ("passed", 0)


def test_an_invariance_is_held_against_what_was_said_before() -> None:
    shouting = answering(lambda text: SURE["negative" if text.isupper() else "positive"])
    texts = ["such a day", "what a day"]
    test = {"kind": "invariance", "documents": True, "perturb": ["upper-case"]}
    (result,) = checked(test, shouting, documents=texts).results
    assert (result.failures, result.acted, result.verdict) == (2, 2, "failed")
    assert (result.examples[0].said, result.examples[0].wanted) == ("negative 1.00", "positive 1.00")
    (calm,) = checked(test, answering(lambda _: SURE["negative"]), documents=texts).results
    assert calm.failures == 0
    (none,) = checked(test, shouting).results
    assert (none.verdict, none.why) == ("left out", "for want of labelled documents")


@pytest.mark.parametrize(
    ("direction", "moved", "fails"),
    [
        ("mustNotRaise", 0.2, True),
        ("mustNotRaise", 0.04, False),
        ("mustNotRaise", -0.3, False),
        ("mustNotLower", -0.2, True),
        ("mustNotLower", -0.04, False),
        ("mustNotLower", 0.3, False),
    ],
)
def test_a_probability_may_move_one_way_only_beyond_the_tolerance(direction: str, moved: float, fails: bool) -> None:
    def row(text: str) -> list[float]:
        positive = 0.5 + (moved if text.endswith("awful.") else 0)
        return [1 - positive, 0, positive]

    test = {"kind": "directional", "documents": True, direction: "positive", "append": ["But it was awful."]}
    (result,) = checked(test, answering(row), documents=["x y", "z"]).results
    assert result.failures == (2 if fails else 0)


def test_slices_say_where_it_fails() -> None:
    lexicons = {"name": {"women": ["Mary", "Aisha"], "men": ["John", "Ivan"]}}
    ask = answering(lambda text: SURE["negative" if text.startswith(("Mary", "Aisha")) else "positive"])
    (result,) = checked(minimum(1, templates=["{name} smiles."], cases=4), ask, lexicons=lexicons).results
    assert {(each.by, each.which, each.cases, each.failures) for each in result.parts} == {
        ("name", "women", 2, 2),
        ("name", "men", 2, 0),
    }


def test_worse_than_the_champion_is_what_chance_does_not_explain() -> None:
    def failing(first: int) -> Any:
        return answering(lambda text: SURE["negative" if int(text.split()[1]) < first else "positive"])

    test = minimum(50, limit="no-worse-than-champion")
    said = [checked(test, failing(n), champion=failing(2)).results[0] for n in (0, 2, 4, 20)]
    assert [each.verdict for each in said] == ["passed", "passed", "passed", "failed"]
    assert said[3].champion == 2
    assert "worse than chance explains" in said[3].why
    (alone,) = checked(test, failing(20)).results
    assert alone.verdict == "reported"
    assert "no release reigns" in alone.why


def test_a_champion_as_good_is_told_to_be_worse_no_more_often_than_the_confidence_allows() -> None:
    random, refused, tries = np.random.default_rng(0), 0, 2000
    for _ in range(tries):
        one, other = (dict(enumerate(random.random(40) < 0.3)) for _ in range(2))
        mine, theirs = (
            answering(lambda text, wrong=wrong: SURE["negative" if wrong[int(text.split()[1])] else "positive"])
            for wrong in (one, other)
        )
        report = checked(minimum(40, limit="no-worse-than-champion"), mine, champion=theirs, confidence=0.95)
        refused += not report.ok
    # Exact, so conservative: at most 5 % and two standard errors.
    assert refused / tries <= 0.05 + 2 * (0.05 * 0.95 / tries) ** 0.5


def test_a_refusal_names_the_test_its_rate_and_three_texts() -> None:
    report = checked(minimum(10), answering(lambda _: SURE["negative"]))
    (said,) = refusals(report.to_dict()["tests"])
    assert said.startswith("Behaviour “a test”: 10 of 10 fail (100%), at most 10% may: “text ")
    assert said.count("(negative 1.00 instead of positive)") == 3


def test_each_text_is_asked_once() -> None:
    asked: list[str] = []

    def ask(texts: Sequence[str]) -> Any:
        asked.extend(texts)
        return np.tile(SURE["positive"], (len(texts), 1))

    two = [{"name": name, "capability": "c", "limit": 0, **minimum(5)} for name in ("one", "two")]
    check(Suite.model_validate({"tests": two}), ask, classes=CLASSES, costs=COSTS)
    assert sorted(asked) == [f"text {n}" for n in range(5)]


def test_pages_escape_what_models_are_asked() -> None:
    evil = '<script>alert("x")</script> | `a`'
    report = checked(minimum(1, templates=[evil]), answering(lambda _: SURE["negative"]))
    page = as_page(report, title="t")
    assert "<script>" not in page
    assert "a test" in page
    told = as_markdown(report, title="t")
    assert "<script>" not in told.replace("\\<", "")
    assert r"\|" in told
