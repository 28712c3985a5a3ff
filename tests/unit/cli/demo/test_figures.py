"""The table's figures, against small cases worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.cli.demo.figures import (
    Judged,
    Report,
    correlation,
    human,
    judge,
    macro_f1,
    percentile,
    truths,
    vader_label,
)
from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective, load_objective


@pytest.fixture(scope="module")
def objective() -> Objective:
    return load_objective(Path(__file__).parents[4] / "objective.yaml")


def test_costs_are_those_of_the_objectives_matrix(objective: Objective) -> None:
    truth = {"a": -2.0, "b": 0.0, "c": 3.0, "d": -1.0}
    judged = {
        "a": Judged("negative", "positive", -0.5),
        "b": Judged("neutral", "negative", 0.0),
        "c": Judged("positive", "positive", 0.9),
        "d": Judged("negative", "positive", -0.1, ask=True),
    }
    matrix, ask = objective.contract.costs.matrix, objective.ask_person
    assert ask is not None
    expected = (matrix["negative"]["positive"] + matrix["neutral"]["negative"] + 0 + ask) / 4
    row = judge("x", judged, truth, objective)
    assert row.expected_cost == pytest.approx(expected)
    assert (row.macro_f1, row.asked, row.documents) == (1.0, 0.25, 4)
    assert row.correlation > 0.8


def test_nothing_judged_has_no_figures(objective: Objective) -> None:
    with pytest.raises(ValueError, match="judged no document"):
        judge("x", {}, {}, objective)


def test_macro_f1_is_the_mean_over_classes_that_occur() -> None:
    true, said = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    # class 0: 2·1 / (2·1 + 1); class 1: 2·2 / (2·2 + 1); class 2 does not occur
    assert macro_f1(true, said, 3) == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_rater_is_held_against_the_others_only(objective: Objective) -> None:
    tweets = [Tweet("tweet-1", "x", (4, -2, -2)), Tweet("tweet-2", "y", (1, 1, 1))]
    for seed in range(6):
        judged, truth = human(tweets, objective, seed)
        others = {4.0: -2.0, -2.0: 1.0}
        assert truth["tweet-1"] == others[judged["tweet-1"].score]
        assert truth["tweet-2"] == 1.0
    assert human(tweets, objective, 1) == human(tweets[::-1], objective, 1), "the seed alone decides"


def test_truth_is_the_mean_of_all_raters() -> None:
    assert truths([Tweet("tweet-1", "x", (1, 2))]) == {"tweet-1": 1.5}


@pytest.mark.parametrize(
    ("compound", "label"),
    [(-0.06, "negative"), (-0.05, "negative"), (-0.049, "neutral"), (0.049, "neutral"), (0.05, "positive")],
)
def test_vaders_classes_are_its_authors(compound: float, label: str) -> None:
    assert vader_label(compound) == label


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(seconds: list[float]) -> None:
    for share in (0.0, 0.5, 0.99, 1.0):
        value = percentile(seconds, share)
        assert value in seconds
        assert sum(each <= value for each in seconds) >= math.ceil(share * len(seconds))
    assert percentile(seconds, 1.0) == max(seconds)


def test_a_figure_that_cannot_be_had_is_null() -> None:
    assert math.isnan(correlation([1, 1], [1, 2]))
    assert math.isnan(percentile([], 0.5))
    figures = Report("EUR", (), 0.8, {"latency_p50_s": float("nan")}, {}, {}, {"metrics": {"f1": 0.5}}, failed="Train")
    plain = json.loads(json.dumps(figures.to_dict(), allow_nan=False))
    assert plain["speed"] == {"latency_p50_s": None}
    assert plain["gate"] == {"metrics": {"f1": 0.5}}
    assert plain["failed"] == "Train"
