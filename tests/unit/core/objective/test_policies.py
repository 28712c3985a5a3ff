"""What a model must beat, and from where on it does: checked against the decision rule itself, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective import Costs
from towpath.core.objective.policies import break_even, cost_of_accuracy, trivial_policies
from towpath.core.objective.thresholds import ASK, acting, cost_of_threshold, pair, pairs

Case = tuple[Costs, np.ndarray]
TWEETS = Costs.of([[0, 5, 8], [1, 0, 0.5], [1, 0.5, 0]], 0.15)
SHARES = np.array([0.2, 0.3, 0.5])


@st.composite
def cases(draw: st.DrawFn, classes: tuple[int, int] = (2, 5)) -> Case:
    """Costs as an objective has them, where the right decision is the cheapest, and class shares."""
    size = draw(st.integers(*classes))
    cell = st.integers(0, 40).map(lambda n: n / 4)
    right = np.array(draw(st.lists(cell, min_size=size, max_size=size)))
    more = np.array(draw(st.lists(cell, min_size=size * size, max_size=size * size))).reshape(size, size)
    matrix = right[:, None] + more * (1 - np.eye(size))
    weights = np.array(draw(st.lists(st.integers(1, 9), min_size=size, max_size=size)), dtype=float)
    return Costs(matrix, draw(st.none() | cell)), weights / weights.sum()


@given(case=cases(), seed=st.integers(0, 2**32 - 1))
def test_the_rule_of_serving_is_never_dearer_than_any_trivial_policy(case: Case, seed: int) -> None:
    costs, _ = case
    posteriors = np.random.default_rng(seed).dirichlet(np.full(len(costs.matrix), 0.3), 50)
    known = trivial_policies(costs, posteriors.mean(axis=0))
    paid = costs.decide(posteriors).expected_cost.mean()
    chances = [known.uniform_chance, known.proportional_chance]
    assert all(paid <= cost + 1e-9 for cost in [*known.always, known.best, *chances, known.ask or np.inf])


@given(case=cases())
def test_boundaries_are_where_decisions_change(case: Case) -> None:
    costs, _ = case
    size = len(costs.matrix)
    for each in pairs(costs):
        assert each.regions[0].low == 0
        assert each.regions[-1].high == 1
        for region in each.regions:
            p = np.linspace(region.low, region.high, 9)[1:-1]
            rows = np.zeros((7, size))
            rows[:, each.first], rows[:, each.second] = p, 1 - p
            made = costs.decide(rows)
            paid = costs.ask_person if region.action == ASK else rows @ costs.matrix[:, region.action]
            assert np.allclose(made.expected_cost, np.asarray(paid, dtype=float))


@given(case=cases((2, 2)))
def test_with_two_classes_elkans_threshold_is_where_the_decision_turns(case: Case) -> None:
    costs = Costs(case[0].matrix, None)
    boundary = pair(costs, 1, 0).boundary
    if boundary is None:
        return
    around = np.array([boundary - 1e-6, boundary + 1e-6])
    assert costs.decide(np.column_stack([1 - around, around])).labels.tolist() == [0, 1]


@given(case=cases(), seed=st.integers(0, 2**32 - 1))
def test_what_the_probability_of_a_class_promises_is_kept(case: Case, seed: int) -> None:
    costs, _ = case
    posteriors = np.random.default_rng(seed).dirichlet(np.full(len(costs.matrix), 0.2), 200)
    made, paid = costs.decide(posteriors), posteriors @ costs.matrix
    for index, each in enumerate(acting(costs)):
        if costs.ask_person is None:
            assert math.isnan(each.always_from)
            continue
        assert not (made.ask & (posteriors[:, index] > each.always_from + 1e-9)).any()
        below = posteriors[:, index] < each.never_below - 1e-9
        assert (paid[below, index] > costs.ask_person - 1e-9).all()
        assert not ((made.labels == index) & ~made.ask & below).any()


@given(case=cases())
def test_break_even_is_where_a_model_begins_to_be_cheaper(case: Case) -> None:
    costs, shares = case
    found, best = break_even(costs, shares), trivial_policies(costs, shares).best
    for index, accuracy in enumerate((found.acted_on, found.weighed)):
        if accuracy is None:
            assert cost_of_accuracy(costs, shares, 1.0)[index][0] >= best - 1e-9
            continue
        below, at, perfect = cost_of_accuracy(costs, shares, [1 / len(shares), accuracy, 1.0])[index]
        assert 1 / len(shares) - 1e-9 <= accuracy <= 1
        assert below >= best - 1e-9
        assert at == pytest.approx(best)
        assert perfect < best
    if found.acted_on is not None:
        assert found.weighed is not None
        assert found.weighed <= found.acted_on + 1e-9


@given(case=cases())
def test_answers_weighed_never_cost_more_than_answers_acted_on_or_than_no_model(case: Case) -> None:
    costs, shares = case
    acted_on, weighed = cost_of_accuracy(costs, shares, np.linspace(1 / len(shares), 1, 12))
    assert (weighed <= acted_on + 1e-9).all()
    assert (weighed <= trivial_policies(costs, shares).best + 1e-9).all()
    assert (np.diff(weighed) <= 1e-9).all()


def test_a_simulated_model_breaks_even_where_it_is_said() -> None:
    found, policies = break_even(TWEETS, SHARES), trivial_policies(TWEETS, SHARES)
    assert found.acted_on is not None
    assert found.weighed is not None
    for accuracy, weighed in ((found.acted_on, False), (found.weighed, True)):
        paid = [simulated(accuracy + shift, weighed, seed) for seed, shift in enumerate((-0.02, 0.0, 0.02))]
        assert paid[1] == pytest.approx(policies.best, rel=0.03)
        assert paid[2] < policies.best * 0.97
        assert paid[0] > policies.best * (0.99 if weighed else 1.03)


def simulated(accuracy: float, weighed: bool, seed: int, count: int = 200_000) -> float:
    """A model with symmetric errors at work: what a document costs."""
    random = np.random.default_rng(seed)
    truth = random.choice(3, count, p=SHARES)
    answer = np.where(random.random(count) < accuracy, truth, (truth + random.integers(1, 3, count)) % 3)
    if not weighed:
        return float(TWEETS.realised(truth, answer).mean())
    channel = np.full((3, 3), (1 - accuracy) / 2) + np.eye(3) * (accuracy - (1 - accuracy) / 2)
    joint = SHARES[:, None] * channel
    made = TWEETS.decide((joint / joint.sum(axis=0)).T[answer])
    return float(TWEETS.realised(truth, made.labels, made.ask).mean())


def test_the_recall_that_is_asked_of_a_class_is_what_it_costs_to_lack_it() -> None:
    recalls = break_even(Costs(TWEETS.matrix, None), SHARES).recalls
    best = trivial_policies(Costs(TWEETS.matrix, None), SHARES).best
    assert SHARES[0] * (1 - recalls[0]) * 6.5 == pytest.approx(best)
    assert recalls[1:].tolist() == [0, 0]


def test_the_running_example_in_figures() -> None:
    """By hand: always negative is 0.3 + 0.5; errors cost 0.2 * 6.5 + 0.8 * 0.75 = 1.9, so 1 - 0.15 / 1.9."""
    policies, found = trivial_policies(TWEETS, SHARES), break_even(TWEETS, SHARES)
    assert policies.always.tolist() == pytest.approx([0.8, 1.25, 1.75])
    assert (policies.majority, policies.cheapest_class, policies.asks) == (2, 0, True)
    assert found.acted_on == pytest.approx(1 - 0.15 / 1.9)
    assert pair(TWEETS, 0, 2).boundary == pytest.approx(1 / 9)
    assert pair(TWEETS, 0, 2).band == pytest.approx((0.15 / 8, 0.85))
    assert [each.always_from for each in acting(TWEETS)] == pytest.approx([0.85, 0.97, 0.98125])


@given(case=cases((2, 2)), auc=st.sampled_from([0.6, 0.8, 0.95]))
def test_no_threshold_is_cheaper_than_elkans_whatever_the_models_quality(case: Case, auc: float) -> None:
    costs, shares = case
    boundary = pair(costs, 0, 1).boundary
    if boundary is None:
        return
    curve = cost_of_threshold(costs, shares, 0, 1, np.linspace(0.01, 0.99, 99), auc)
    assert cost_of_threshold(costs, shares, 0, 1, [boundary], auc)[0] <= curve.min() + 1e-9


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.5, 0.6, 0.1], [1.2, -0.1, -0.1], [np.nan, 0.5, 0.5]])
def test_shares_that_are_none_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        trivial_policies(TWEETS, shares)
