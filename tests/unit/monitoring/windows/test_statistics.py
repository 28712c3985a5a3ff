"""The tests of windows: exact, at their level, with the power that was asked for, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.monitoring.domain.windows.counts import GROUPS, chi_squared, ks
from towpath.monitoring.domain.windows.effects import COHEN, Effect
from towpath.monitoring.domain.windows.mmd import mmd
from towpath.monitoring.domain.windows.permutations import at_least, grouped, holm
from towpath.monitoring.domain.windows.price import price

Array = NDArray[np.float64]
Test = Callable[[Array, Array, int, int], tuple[float, float]]
REPLAYS, ALPHA = 400, 0.05
# A right test is beyond it with a chance of 2 %; the seeds are fixed, so it is or it is not.
MOST = ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / REPLAYS)
# Coarse, so that there are ties, and two-dimensional for the sketches.
Draw = Callable[[np.random.Generator, int], Array]


def of_ks(now: Array, before: Array, permutations: int, seed: int) -> tuple[float, float]:
    found = ks(now, before, permutations=permutations, seed=seed)
    return found.statistic, found.p


def of_price(now: Array, before: Array, permutations: int, seed: int) -> tuple[float, float]:
    found = price(now, before, permutations=permutations, seed=seed).tested
    return found.statistic, found.p


def of_chi_squared(now: Array, before: Array, permutations: int, seed: int) -> tuple[float, float]:
    counts = [np.bincount(side.astype(int) % 4, minlength=4) for side in (now, before)]
    found = chi_squared(counts[0], counts[1], permutations=permutations, seed=seed)
    return found.statistic, found.p


def of_mmd(now: Array, before: Array, permutations: int, seed: int) -> tuple[float, float]:
    sketches = [np.stack([side * 9 % 23, side], axis=1).astype(np.int8) for side in (now, before)]
    found = mmd(sketches[0], sketches[1], permutations=permutations, seed=seed).tested
    return found.statistic, found.p


TESTS = {"ks": of_ks, "price": of_price, "chi-squared": of_chi_squared, "mmd": of_mmd}


@pytest.mark.parametrize("name", TESTS)
def test_unchanged_data_are_called_different_no_more_often_than_said(name: str) -> None:
    rng, early = np.random.default_rng(8), 0
    for replay in range(REPLAYS):
        drawn = rng.poisson(6, size=70).astype(np.float64)
        early += TESTS[name](drawn[:40], drawn[40:], 199, replay)[1] <= ALPHA
    assert 0.01 < early / REPLAYS <= MOST


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", TESTS)
def test_a_p_value_is_that_of_all_exchanges_ties_included(name: str, seed: int) -> None:
    """Every one of the 126 ways to part nine documents is gone through."""
    rng = np.random.default_rng(seed)
    pool = rng.integers(0, 5, size=9).astype(np.float64)
    pool[:4] += 1
    seen, p = TESTS[name](pool[:4], pool[4:], 9_999, seed)
    beyond = []
    for chosen in combinations(range(9), 4):
        is_now = np.isin(np.arange(9), chosen)
        beyond.append(TESTS[name](pool[is_now], pool[~is_now], 1, 0)[0] >= seen - 1e-5)
    assert abs(p - np.mean(beyond)) < 4.5 * np.sqrt(0.25 / 9_999)


@settings(max_examples=25, deadline=None)
@given(
    now=st.lists(st.integers(0, 12), min_size=4, max_size=40),
    before=st.lists(st.integers(0, 12), min_size=4, max_size=40),
    seed=st.integers(0, 1000),
)
def test_order_and_sides_have_no_part_in_a_p_value(now: list[int], before: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sides = [np.array(each, dtype=np.float64) for each in (now, before)]
    for name, test in TESTS.items():
        seen, p = test(sides[0], sides[1], 99, seed)
        shuffled = test(rng.permutation(sides[0]), rng.permutation(sides[1]), 99, seed)
        swapped = test(sides[1], sides[0], 99, seed)
        for other in (shuffled, swapped):
            assert other[1] == p, name
            assert np.isclose(other[0], seen, atol=1e-5), name
        assert 0 < p <= 1


@pytest.mark.parametrize("name", TESTS)
def test_what_is_equal_everywhere_is_never_different(name: str) -> None:
    assert TESTS[name](np.full(30, 3.0), np.full(20, 3.0), 99, 0)[1] == 1.0


@pytest.mark.parametrize("name", TESTS)
def test_a_shift_is_found(name: str) -> None:
    rng, found = np.random.default_rng(5), 0
    for replay in range(40):
        now, before = rng.poisson(7.5, size=250), rng.poisson(6, size=250)
        if name == "chi-squared":
            now, before = rng.choice(4, p=[0.4, 0.3, 0.2, 0.1], size=250), rng.choice(4, size=250)
        found += TESTS[name](now.astype(np.float64), before.astype(np.float64), 199, replay)[1] <= ALPHA
    assert found >= 36


def test_p_is_never_zero_and_counts_what_is_equal() -> None:
    assert at_least(5.0, np.zeros(99)) == 0.01
    assert at_least(1.0, np.array([1.0, 1.0 - 1e-15, 0.5])) == 0.75
    assert at_least(np.inf, np.array([np.inf, 1.0, 2.0])) == 0.5


def test_mmd_is_gretton_s_unbiased_statistic() -> None:
    rng = np.random.default_rng(2)
    now, before = (rng.integers(-60, 60, size=(n, 5)).astype(np.int8) for n in (11, 17))
    pool = np.concatenate([now, before]).astype(np.float64)
    squares = ((pool[:, None] - pool[None]) ** 2).sum(axis=2)
    width = np.median(squares[np.triu_indices(len(pool), 1)])
    kernel = np.exp(-squares / (2 * width))
    xx, yy, xy = kernel[:11, :11], kernel[11:, 11:], kernel[:11, 11:]
    expected = (xx.sum() - 11) / (11 * 10) + (yy.sum() - 17) / (17 * 16) - 2 * xy.mean()
    found = mmd(now, before, permutations=9, seed=0)
    assert found.tested.statistic == pytest.approx(expected, abs=1e-6)
    witness = (xx.sum(axis=1) - 1) / 10 - xy.mean(axis=1)
    assert found.witness_now == pytest.approx(witness, abs=1e-6)
    assert found.witness_before == pytest.approx(xy.mean(axis=0) - (yy.sum(axis=1) - 1) / 16, abs=1e-6)


def test_documents_that_are_like_no_other_before_have_the_largest_witness() -> None:
    rng = np.random.default_rng(4)
    now, before = (rng.normal(0, 20, size=(300, 16)) for _ in range(2))
    now[:30, :4] += 70
    clipped = [np.clip(side, -127, 127).astype(np.int8) for side in (now, before)]
    found = mmd(clipped[0], clipped[1], permutations=99, seed=0)
    assert len({*np.argsort(-found.witness_now)[:10]} - {*range(30)}) == 0
    assert found.tested.p == 0.01


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 300 samples each; of an interval of 95 % fewer than 92 % have a chance of one in a hundred."""
    rng, held = np.random.default_rng(3), {"ks": 0, "v": 0, "price": 0, "separation": 0}
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.35, 0.35])
    true_v = np.sqrt(0.5 * ((p - q) ** 2 / (p + q)).sum())
    for replay in range(300):
        names = [rng.multinomial(n, share) for n, share in ((400, p), (300, q))]
        v = chi_squared(names[0], names[1], permutations=9, seed=replay).effect
        held["v"] += v.low <= true_v <= v.high
        now, before = rng.uniform(0.2, 1.2, 300), rng.uniform(0, 1, 200)
        distance = ks(now, before, permutations=9, seed=replay).effect
        held["ks"] += distance.low <= 0.2 <= distance.high
        costs = rng.exponential(2.0, 250), rng.exponential(1.0, 100)
        priced = price(costs[0], costs[1], permutations=199, seed=replay)
        held["price"] += priced.low <= 1000 <= priced.high
        same = [rng.normal(0, 20, size=(60, 4)).astype(np.int8) for _ in range(2)]
        held["separation"] += mmd(same[0], same[1], permutations=1, seed=replay).tested.effect.low == 0
    assert min(held.values()) >= 0.92 * 300, held


def test_effects_do_not_depend_on_how_long_a_window_is() -> None:
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.35, 0.35])
    found = [
        chi_squared((p * n).astype(int), (q * m).astype(int), permutations=9, seed=0).effect.value
        for n, m in ((100_000, 100_000), (100_000, 1000), (1000, 100_000))
    ]
    assert found == pytest.approx([found[0]] * 3, abs=0.01)


def test_a_shift_is_called_by_the_same_word_in_every_measure() -> None:
    rng = np.random.default_rng(6)
    before = rng.normal(size=40_000)
    for shift, word in ((0.05, "none"), (0.35, "little"), (0.8, "much")):
        now = rng.normal(shift, size=40_000)
        assert ks(now, before, permutations=9, seed=0).effect.word == word
        assert price(now, before, permutations=9, seed=0).tested.effect.word == word
        halves = [np.bincount((side > shift / 2).astype(int)) for side in (now, before)]
        bounds = COHEN["Cramér's V"]
        v = chi_squared(halves[0], halves[1], permutations=9, seed=0).effect
        # Half the information is lost by cutting in two.
        assert (v.value > bounds.little) == (shift > 0.3)


def test_few_documents_are_called_unclear_rather_than_the_same() -> None:
    assert Effect("KS distance", 0.1, 0.0, 0.3).word == "unclear"
    assert Effect("KS distance", 0.1, 0.09, 0.3).word == "little"
    assert Effect("standardised difference", -0.6, -0.8, -0.3).word == "much"
    assert Effect("standardised difference", 0.0, -0.1, 0.1).word == "none"


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=9))
def test_holm_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, each in zip(p_values, adjusted, strict=True):
        assert p <= each <= min(1.0, len(p_values) * p)
    assert min(adjusted) == pytest.approx(min(1.0, len(p_values) * min(p_values)))
    order = np.argsort(p_values, kind="stable")
    assert list(np.array(adjusted)[order]) == sorted(adjusted)


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=600),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=600),
    st.integers(1, 40),
)
def test_groups_are_few_hold_everybody_and_go_by_value(now: list[float], before: list[float], groups: int) -> None:
    sides = [np.array(each, dtype=np.float64) for each in (now, before)]
    first, second = grouped(sides[0], sides[1], groups)
    assert len(first) == len(second) <= groups
    assert (first.sum(), second.sum()) == (len(now), len(before))
    swapped = grouped(sides[1], sides[0], groups)
    assert [list(each) for each in swapped] == [list(second), list(first)]


def test_grouping_moves_a_distance_by_less_than_a_group() -> None:
    rng = np.random.default_rng(1)
    now, before = rng.normal(0.3, size=3000), rng.normal(size=2000)
    ends = np.sort(np.concatenate([now, before]))
    true = np.abs(
        np.searchsorted(np.sort(now), ends, "right") / 3000 - np.searchsorted(np.sort(before), ends, "right") / 2000
    )
    found = ks(now, before, permutations=9, seed=0).statistic
    assert true.max() - 2.5 / GROUPS <= found <= true.max() + 1e-12
