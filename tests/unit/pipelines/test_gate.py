"""The gate: what it promises is tested as statistics are, over many seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.core.objective import Readiness
from towpath.pipelines.steps.gate import compare, decide

QUICK = Readiness(min_test_documents=50, bootstrap_samples=400)
costs = st.lists(st.sampled_from([0.0, 0.15, 0.5, 1.0, 5.0, 8.0]), min_size=60, max_size=150).map(np.array)


def errors(random: np.random.Generator, count: int, rate: float) -> np.ndarray:
    """Costs of a decider that errs at `rate`: mostly nothing, sometimes 1, seldom 8, as real ones are."""
    return np.where(random.random(count) < rate, random.choice([1.0, 1.0, 8.0], count), 0.0)


def passes(rate: float, against: float, count: int, seeds: int, readiness: Readiness = QUICK) -> float:
    done = 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        pair = errors(random, count, rate), errors(random, count, against)
        done += compare("b", *pair, readiness, seed=seed).passed
    return done / seeds


def test_a_model_no_better_than_the_baseline_passes_no_more_often_than_promised() -> None:
    """At 95 % confidence 5 % of 600; the bound leaves 3 standard errors and the bootstrap's known 1 % or so."""
    assert passes(0.2, 0.2, 300, 600) <= 0.05 + 0.01 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_stricter_confidence_lets_fewer_equals_through() -> None:
    strict = QUICK.model_copy(update={"confidence": 0.99})
    assert passes(0.2, 0.2, 300, 300, strict) <= 0.01 + 0.01 + 3 * np.sqrt(0.01 * 0.99 / 300)


def test_more_test_documents_find_a_true_improvement_more_often() -> None:
    power = [passes(0.1, 0.16, count, 150) for count in (100, 400, 1600)]
    assert power == sorted(power)
    assert power[0] < 0.6 < 0.95 < power[2]


def test_it_is_the_bound_that_decides_and_not_the_mean() -> None:
    baseline, candidate = np.zeros(200), np.zeros(200)
    baseline[0] = 8.0  # one dear error against five cheap ones: better on average, by chance as far as one can tell
    candidate[1:6] = 1.0
    result = decide(candidate, {"b": baseline}, QUICK, unit="EUR")
    assert result.comparisons[0].saving > 0
    assert result.outcome == "fail"
    assert "more test data may tell" in result.explanation


def test_every_baseline_must_be_beaten() -> None:
    random = np.random.default_rng(0)
    candidate = errors(random, 500, 0.05)
    baselines = {"poor": errors(random, 500, 0.5), "good": errors(random, 500, 0.01)}
    result = decide(candidate, baselines, QUICK, unit="EUR")
    assert (result.outcome, [each.passed for each in result.comparisons]) == ("fail", [True, False])
    assert decide(candidate, {"poor": baselines["poor"]}, QUICK, unit="EUR").outcome == "pass"


def test_outcomes_are_explained_in_words_with_figures_and_unit() -> None:
    zero, one = np.zeros(100), np.ones(100)
    passed = decide(zero, {"vader": one}, QUICK, unit="EUR")
    assert passed.outcome == "pass"
    assert "Saves 1.000 EUR (0.000 EUR a document against 1.000 of vader)" in passed.explanation
    assert "at least 1.000 with 95 % confidence" in passed.explanation
    assert decide(one, {"vader": zero}, QUICK, unit="EUR").outcome == "fail"
    assert decide(zero, {}, QUICK, unit="EUR").outcome == "no baseline"
    few = decide(zero[:49], {"vader": one[:49]}, QUICK, unit="EUR")
    assert few.outcome == "not enough data"
    assert "49 test documents, 50 are wanted" in few.explanation


@given(costs=costs)
def test_a_model_never_beats_itself(costs: np.ndarray) -> None:
    assert decide(costs, {"itself": costs}, QUICK, unit="EUR").outcome == "fail"


@settings(deadline=None)
@given(pair=st.tuples(costs, costs), scale=st.sampled_from([0.5, 2.0, 64.0]), order=st.randoms(use_true_random=False))
def test_currency_does_not_matter_and_both_cannot_win(
    pair: tuple[np.ndarray, np.ndarray], scale: float, order: object
) -> None:
    size = min(map(len, pair))
    candidate, baseline = pair[0][:size], pair[1][:size]
    plain = compare("b", candidate, baseline, QUICK)
    scaled = compare("b", candidate * scale, baseline * scale, QUICK)
    assert scaled.passed == plain.passed
    assert scaled.upper == pytest.approx(plain.upper * scale)
    assert not (plain.passed and compare("b", baseline, candidate, QUICK).passed)


@given(pair=st.tuples(costs, costs), margins=st.tuples(st.floats(0, 5), st.floats(0, 5)))
def test_a_larger_margin_never_lets_more_through(
    pair: tuple[np.ndarray, np.ndarray], margins: tuple[float, float]
) -> None:
    size = min(map(len, pair))
    low, high = (QUICK.model_copy(update={"margin": margin}) for margin in sorted(margins))
    passed = [compare("b", pair[0][:size], pair[1][:size], each).passed for each in (low, high)]
    assert passed[0] or not passed[1]


def test_costs_of_other_documents_or_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="not the same documents"):
        compare("b", np.zeros(60), np.zeros(61), QUICK)
    with pytest.raises(ValueError, match="not a finite number"):
        compare("b", np.full(60, np.nan), np.zeros(60), QUICK)
