"""How long streams run to a false alarm: what is estimated is what it was made of, and its interval holds it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.monitoring.unchanged.lasting import mean_run, survival
from benchmarks.monitoring.unchanged.shares import allowed, share


@pytest.mark.parametrize("horizon", [0.5, 2.0, 50.0])
def test_a_mean_run_is_found_however_early_one_stopped_looking(horizon: float) -> None:
    """400 studies of 60 runs of mean 1,000, watched for so many of these: the mean, and how often it is inside."""
    random, means, inside = np.random.default_rng(1), [], 0
    for _ in range(400):
        runs = random.exponential(1000, 60)
        found = mean_run(np.minimum(runs, 1000 * horizon), runs <= 1000 * horizon)
        means.append(found.mean)
        inside += found.low <= 1000 <= found.high
    assert np.median(means) == pytest.approx(1000, rel=0.03)
    assert inside / 400 >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 400)


def test_where_nothing_fired_there_is_a_lower_bound_and_no_upper_one() -> None:
    found = mean_run([100.0] * 30, [False] * 30)
    assert (found.alarms, found.watched, found.high) == (0, 3000.0, float("inf"))
    assert found.mean == found.low == pytest.approx(3000 / 3.689, rel=1e-3)
    with pytest.raises(ValueError, match="2 runs and 1 ends"):
        mean_run([1.0, 2.0], [True])


def test_survival_is_kaplan_and_meier_s() -> None:
    """Their estimate by hand: one of five at 2, one of three at 5, one that was lost at 3."""
    left = survival([2, 3, 5, 8, 8], [True, False, True, False, False], np.array([0.0, 1.9, 2.0, 4.0, 5.0, 8.0]))
    assert left.tolist() == pytest.approx([1, 1, 0.8, 0.8, 0.8 * 2 / 3, 0.8 * 2 / 3])


def test_survival_of_censored_runs_is_that_of_the_exponential() -> None:
    random = np.random.default_rng(2)
    runs, lost = random.exponential(100, 4000), random.uniform(0, 400, 4000)
    grid = np.array([20.0, 100.0, 200.0])
    assert survival(np.minimum(runs, lost), runs <= lost, grid) == pytest.approx(np.exp(-grid / 100), abs=0.03)


def test_shares_have_intervals_that_hold_them() -> None:
    assert share(0, 100)[:2] == (0.0, 0.0)
    assert share(100, 100)[2] == 1.0
    random, inside = np.random.default_rng(3), 0
    for count in random.binomial(200, 0.05, 500).tolist():
        _, low, high = share(count, 200)
        inside += low <= 0.05 <= high
    assert inside / 500 >= 0.95
    assert allowed(0.05, 1000) == pytest.approx(0.0638, abs=1e-4)
