"""Raters' votes become a class that can be trusted, and who is wrong more often counts less."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from support.objective import CATS_OR_DOGS
from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.consensus import by_crowdlab, by_majority, given_classes
from towpath.preparation.labels.ratings import Rating, Table

GRADED = load_objective(Path(__file__).parents[3] / "objective.yaml")
N = 600


@pytest.fixture
def cats_or_dogs(tmp_path: Path) -> Objective:
    file = tmp_path / "objective.yaml"
    file.write_text(CATS_OR_DOGS)
    return load_objective(file)


def rating(document: str, rater: str, label: str, score: float | None = None) -> Rating:
    return Rating(f"{document}/{rater}", document, rater, label, score, "", 0.0, None)


def crowd(right: list[float]) -> tuple[Table, NDArray[np.intp], NDArray[np.float64]]:
    """Two raters a document, right as often as said; the truth; and a model that is right for four of five."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, N)
    values = np.array([np.where(random.random(N) < each, truth, 1 - truth) for each in right], dtype=float)
    asked = np.array([random.choice(len(right), 2, replace=False) for _ in range(N)])
    values[~np.any(np.arange(len(right))[:, None, None] == asked, axis=2)] = np.nan
    believed = np.where(random.random(N) < 0.8, truth, 1 - truth)
    probabilities = np.where(np.arange(2) == believed[:, None], 0.8, 0.2)
    raters = tuple(f"r{n}" for n in range(len(right)))
    return Table(values, raters, tuple(f"d{n:03}" for n in range(N))), truth, probabilities


def test_crowdlab_finds_who_is_careless_and_is_right_more_often_than_votes() -> None:
    table, truth, probabilities = crowd([0.9, 0.55, 0.9, 0.55])
    votes, found = by_majority(table, 2), by_crowdlab(table, probabilities)
    assert found.rater_quality[[1, 3]].max() < found.rater_quality[[0, 2]].min()
    assert votes.rater_quality[[1, 3]].max() < votes.rater_quality[[0, 2]].min()
    assert (found.labels == truth).mean() > (votes.labels == truth).mean() + 0.05
    assert found.quality.sum(axis=1) == pytest.approx(1)
    right = found.confidence[found.labels == truth].mean()
    assert right > found.confidence[found.labels != truth].mean() + 0.02


def test_a_rater_without_company_is_not_judged_by_herself() -> None:
    table = Table(
        np.array([[0.0, 1.0, np.nan], [0.0, 0.0, np.nan], [np.nan, np.nan, 1.0]]), ("a", "b", "c"), tuple("xyz")
    )
    found = by_majority(table, 2)
    assert found.labels.tolist() == [0, 0, 1]
    assert found.rater_quality[:2].tolist() == [0.5, 0.5]
    assert np.isnan(found.rater_quality[2])


def test_crowdlab_says_when_nobody_can_be_checked() -> None:
    table = Table(np.array([[0.0, np.nan], [np.nan, 1.0]]), ("a", "b"), ("x", "y"))
    with pytest.raises(ValueError, match="no document has two raters"):
        by_crowdlab(table, np.full((2, 2), 0.5))


def test_the_given_class_is_what_training_takes(cats_or_dogs: Objective) -> None:
    """By the mean where there are grades: three mild complaints do not outweigh a joy."""
    graded = [
        rating("d", rater, GRADED.class_of_grade(score), score)
        for rater, score in zip("abcd", (-1, -1, -1, 4), strict=True)
    ]
    assert given_classes(graded, GRADED) == {"d": "positive"}
    votes = [rating("tie", "a", "dog"), rating("tie", "b", "cat"), rating("two", "a", "dog")]
    assert given_classes(votes, cats_or_dogs) == {"tie": "cat", "two": "dog"}
