"""What is labelled next: costly to decide on, not many of a kind, and a fair sample to evaluate by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.preparation.labels.selection import Choice, choose

N = 1000
RANDOM = np.random.default_rng(0)
# Ten kinds of documents, of very different number.
KIND = RANDOM.choice(10, N, p=[0.55] + [0.05] * 9)
ROWS = RANDOM.normal(size=(10, 16))[KIND] + RANDOM.normal(0, 0.05, (N, 16))
RESERVED = RANDOM.random(N) < 0.3


def chosen(
    probabilities: NDArray[np.float64], costs: Costs, *, share: float = 0.2, count: int = 20, seed: int = 0
) -> list[Choice]:
    return choose(ROWS, probabilities, RESERVED, costs, count=count, evaluation_share=share, seed=seed)


def test_costs_decide_what_is_uncertain() -> None:
    """All documents are equally uncertain; a third may be the class that is dear to miss."""
    probabilities = np.tile([0.6, 0.4, 0.0], (N, 1))
    dear = RANDOM.random(N) < 0.33
    probabilities[dear] = [0.0, 0.4, 0.6]
    cheap = Costs.of([[0, 1, 1], [1, 0, 9], [1, 9, 0]], None)
    made = chosen(probabilities, cheap, share=0.0, count=10)
    assert all(dear[each.index] for each in made)
    other = Costs.of([[0, 9, 1], [9, 0, 1], [1, 1, 0]], None)
    assert not any(dear[each.index] for each in chosen(probabilities, other, share=0.0, count=10))


def test_a_large_kind_does_not_crowd_out_the_others() -> None:
    probabilities = np.tile([0.5, 0.5], (N, 1))
    made = chosen(probabilities, Costs.of([[0, 1], [1, 0]], None), share=0.0)
    assert len({KIND[each.index] for each in made}) == 10


def test_evaluation_is_drawn_from_what_choosing_never_touches() -> None:
    probabilities = np.tile([0.5, 0.5], (N, 1))
    made = chosen(probabilities, Costs.of([[0, 1], [1, 0]], None), share=0.25, count=100)
    assert sum(each.why == "evaluation" for each in made) == 25
    assert all((each.why == "evaluation") == RESERVED[each.index] for each in made)
    assert len({each.index for each in made}) == 100
    # Whoever stops half-way has labelled some of both.
    assert 5 < sum(each.why == "evaluation" for each in made[:50]) < 20


def test_evaluation_does_not_look_at_the_probabilities() -> None:
    """However uncertain some documents are, they are drawn as often as others."""
    probabilities = np.where((KIND == 0)[:, None], [0.5, 0.5], [1.0, 0.0])
    costs = Costs.of([[0, 1], [1, 0]], None)
    drawn = [
        KIND[each.index] == 0
        for seed in range(20)
        for each in chosen(probabilities, costs, share=1.0, count=50, seed=seed)
    ]
    assert abs(np.mean(drawn) - (KIND[RESERVED] == 0).mean()) < 0.06


def test_a_person_bounds_what_a_document_can_cost() -> None:
    probabilities = np.tile([0.5, 0.5], (N, 1))
    made = chosen(probabilities, Costs.of([[0, 9], [9, 0]], 0.3))
    assert {each.expected_cost for each in made} == {0.3}


def test_fewer_documents_than_wanted_are_all_chosen() -> None:
    same = choose(
        np.ones((30, 4)), np.full((30, 2), 0.5), np.zeros(30, dtype=bool), Costs.of([[0, 1], [1, 0]], None),
        count=100, evaluation_share=0.2,
    )  # fmt: skip
    assert sorted(each.index for each in same) == list(range(30))


def test_copies_of_one_document_can_be_chosen_from() -> None:
    made = choose(
        np.ones((300, 4)), np.full((300, 2), 0.5), np.zeros(300, dtype=bool), Costs.of([[0, 1], [1, 0]], None),
        count=10, evaluation_share=0.0,
    )  # fmt: skip
    assert len({each.index for each in made}) == 10


def test_the_same_seed_chooses_the_same() -> None:
    probabilities = RANDOM.dirichlet([1, 1], N)
    costs = Costs.of([[0, 1], [2, 0]], 0.4)
    assert chosen(probabilities, costs, seed=3) == chosen(probabilities, costs, seed=3)
    assert chosen(probabilities, costs, seed=3) != chosen(probabilities, costs, seed=4)
