"""Wrong labels of real tweets come to the top of the queue."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.label_errors import classes_of, flipped, measured, raters_confusion
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import Tweet, read_sdist
from towpath.core.errors import RejectedError
from towpath.core.objective import load_objective
from towpath.preparation.labels.errors import fitted, new_texts, out_of_fold, same_texts, suspicions

OBJECTIVE = load_objective(Path(__file__).parents[3] / "objective.yaml")


@cache
def tweets() -> tuple[list[Tweet], NDArray[np.float64]]:
    """A third of them, with words and parts of words for features: an encoder takes half a minute."""
    found = read_sdist(sdist())[::3]
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
    matrix = words.fit_transform([each.text for each in found])
    return found, TruncatedSVD(60, random_state=0).fit_transform(matrix)


@pytest.mark.parametrize(
    ("how", "share", "precision", "auroc"), [("random", 0.1, 0.5, 0.88), ("confusion", 0.05, 0.65, 0.94)]
)
def test_flipped_labels_of_real_tweets_are_at_the_top(how: str, share: float, precision: float, auroc: float) -> None:
    found, rows = tweets()
    confusion = raters_confusion(found, OBJECTIVE) if how == "confusion" else None
    given, wrong = flipped(classes_of(found, OBJECTIVE), share, confusion, seed=1)
    probabilities = out_of_fold(rows, given, same_texts([each.text for each in found]), 3)
    ranked = suspicions(given, probabilities)
    got = measured(ranked.quality, wrong)
    print(f"{share:.0%} flipped by {how}: {got}, {ranked.estimated_errors} estimated of {wrong.sum()}")  # noqa: T201 - the figures are wanted
    assert got.precision > precision
    assert got.auroc > auroc
    assert (ranked.suspected != given).all()
    assert 0.3 * wrong.sum() < ranked.estimated_errors < 6 * wrong.sum()


def test_a_copy_of_a_text_does_not_vouch_for_its_label() -> None:
    """A hundred texts, each there twice, of labels by chance: a model could know them by heart."""
    random = np.random.default_rng(0)
    rows, labels = np.eye(100), random.integers(0, 2, 100)
    texts = [f"text number {n}" for n in range(100)]
    copies = [each.upper() + "!" for each in texts]
    groups = same_texts(texts + copies)
    made = out_of_fold(np.vstack([rows, rows]) * 10, np.concatenate([labels, labels]), groups, 2)
    assert np.abs(made - 0.5).max() < 0.2


def test_a_class_of_one_document_is_no_obstacle() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4))
    labels = np.array([0] * 20 + [1] * 19 + [2])
    made = out_of_fold(rows, labels, np.arange(40), 5)
    assert made.sum(axis=1) == pytest.approx(1)
    assert suspicions(labels, made).order[0] == 39


def test_too_few_labels_are_told() -> None:
    rows = np.zeros((20, 2))
    with pytest.raises(RejectedError, match="of one class"):
        out_of_fold(rows, np.zeros(20, dtype=np.intp), np.arange(20), 3)
    with pytest.raises(RejectedError, match="fewer than 5 different texts"):
        out_of_fold(rows, np.arange(20) % 2, np.zeros(20, dtype=np.intp), 3)


def test_without_labels_all_classes_are_alike() -> None:
    assert fitted(np.zeros((0, 2)), np.zeros(0, dtype=np.intp), np.ones((3, 2)), 4) == pytest.approx(0.25)


def test_a_copy_is_not_new() -> None:
    assert new_texts(["Good day", "good day!", "bad day", "known"], ["KNOWN"]) == [0, 2]
