"""Raters are named when they should be, and next to never when they should not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.raters import FALSE_ALARMS, Suspect, suspects
from towpath.preparation.labels.ratings import Rating

OBJECTIVE = load_objective(Path(__file__).parents[3] / "objective.yaml")
RATERS, DOCUMENTS = 5, 150
Matrix = NDArray[np.float64]


def of_scale(scale: str) -> Objective:
    data = OBJECTIVE.model_dump(mode="json", by_alias=True)
    data["contract"]["labels"]["agreement"]["scale"] = scale
    return Objective.model_validate(data)


INTERVAL, NOMINAL = OBJECTIVE, of_scale("nominal")


def grades(seed: int) -> Matrix:
    """Of raters without fault, who lean and err, and who find later documents harder. (raters, documents)"""
    random = np.random.default_rng(seed)
    truth = random.normal(scale=2, size=DOCUMENTS)
    leaning = random.normal(scale=0.4, size=(RATERS, 1))
    error = random.normal(size=(RATERS, DOCUMENTS)) * np.linspace(0.6, 1.2, DOCUMENTS)
    given = np.clip(np.round(truth + leaning + error), -4, 4)
    given[random.random(given.shape) < 0.2] = np.nan
    return given


def ratings(given: Matrix, seed: int, quick: int | None = None) -> list[Rating]:
    """A document a minute; `quick` takes a tenth of the others' time."""
    random = np.random.default_rng(seed + 10_000)
    lead = random.lognormal(2, 0.5, given.shape) * random.lognormal(0, 0.3, (len(given), 1))
    if quick is not None:
        lead[quick] /= 10
    return [
        Rating(f"a{r}-{d}", f"d{d}", f"r{r}", OBJECTIVE.class_of_grade(g), float(g), "1", 60.0 * d + r, lead[r, d])
        for (r, d), g in np.ndenumerate(given)
        if np.isfinite(g)
    ]


@pytest.mark.parametrize("objective", [INTERVAL, NOMINAL], ids=["interval", "nominal"])
def test_false_alarms_are_as_rare_as_is_said(objective: Objective) -> None:
    runs = 150
    alarms = sum(bool(suspects(ratings(grades(seed), seed), objective)) for seed in range(runs))
    # More would happen to a test that keeps its level once in a thousand times.
    assert alarms <= binom.ppf(0.999, runs, FALSE_ALARMS)


def bias(given: Matrix, random: np.random.Generator) -> Matrix:
    given[2, 80:] = np.clip(given[2, 80:] + 1.5, -4, 4)
    return given


def noise(given: Matrix, random: np.random.Generator) -> Matrix:
    given[2, 80:] = random.integers(-4, 5, DOCUMENTS - 80)
    return given


def always(given: Matrix, random: np.random.Generator) -> Matrix:
    given[2] = 2
    return given


def stretch(given: Matrix, random: np.random.Generator) -> Matrix:
    given[2, 40:70] = 0
    return given


def chance(given: Matrix, random: np.random.Generator) -> Matrix:
    given[2] = random.integers(-4, 5, DOCUMENTS)
    return given


@pytest.mark.parametrize(
    ("fault", "kind", "why", "objective", "power"),
    [
        (bias, "drifts", "against the others before", INTERVAL, 0.9),
        (noise, "drifts", "disagreed", INTERVAL, 0.9),
        (noise, "drifts", "disagreed", NOMINAL, 0.3),  # classes tell less than grades: 0.55 measured
        (always, "clicks through", "in a row", INTERVAL, 0.9),
        (stretch, "clicks through", "'neutral' 30 times|'neutral' 3[1-4] times", INTERVAL, 0.9),
        (chance, "clicks through", "next to nothing", INTERVAL, 0.9),
        (chance, "clicks through", "next to nothing", NOMINAL, 0.3),  # classes tell less than grades: 0.55 measured
    ],
)
def test_who_is_at_fault_is_named_and_nobody_else(
    fault: Callable[[Matrix, np.random.Generator], Matrix], kind: str, why: str, objective: Objective, power: float
) -> None:
    runs, named, others = 30, 0, 0
    for seed in range(runs):
        found = suspects(ratings(fault(grades(seed), np.random.default_rng(seed)), seed), objective)
        named += any(each.rater == "r2" and each.kind == kind and re.search(why, each.why) for each in found)
        others += any(each.rater != "r2" for each in found)
    assert named >= power * runs
    assert others <= binom.ppf(0.999, runs, FALSE_ALARMS)


def test_who_takes_a_tenth_of_the_time_is_named() -> None:
    found = suspects(ratings(grades(1), 1, quick=3), INTERVAL)
    assert [(each.rater, each.kind) for each in found] == [("r3", "clicks through")]
    assert "s a document" in found[0].why


def test_documents_in_order_of_class_make_nobody_click_through() -> None:
    alarms = 0
    for seed in range(50):
        order = np.argsort(np.nan_to_num(grades(seed)).mean(axis=0))
        alarms += bool(suspects(ratings(grades(seed)[:, order], seed), INTERVAL))
    assert alarms <= binom.ppf(0.999, 50, FALSE_ALARMS)


def two_answers(rows: list[Rating]) -> tuple[Suspect, ...]:
    return tuple(each for each in suspects(rows, INTERVAL) if each.kind == "may be two people")


def test_two_people_under_one_name() -> None:
    rows = ratings(grades(0), 0)
    first = rows[0]
    again = replace(first, annotation_id="again", label="positive", score=3.5)
    assert two_answers(rows) == ()
    assert two_answers([*rows, replace(again, label=first.label, score=first.score)]) == (), "the same answer twice"
    assert two_answers([*rows, replace(again, guide_version="2")]) == (), "the guide changed"
    (found,) = two_answers([*rows, again])
    assert (found.rater, first.document_id in found.why) == (first.rater_id, True)
