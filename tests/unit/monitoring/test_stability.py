"""A transaction that never ends is seen by how long readers stand still; one that ends is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from towpath.monitoring.domain.stability import Stability


def test_readers_that_stand_still_below_the_end_are_counted_from_the_first_look() -> None:
    stability: Stability[int] = Stability()
    assert stability.look({0: 10, 1: 5}, {0: 10, 1: 3}, 100.0) == {0: 0.0, 1: 0.0}
    assert stability.look({0: 12, 1: 9}, {0: 12, 1: 3}, 105.0) == {0: 0.0, 1: 5.0}
    assert stability.look({0: 12, 1: 99}, {0: 12, 1: 3}, 140.0) == {0: 0.0, 1: 40.0}


def test_an_abort_ends_it_and_the_next_one_counts_anew() -> None:
    stability: Stability[int] = Stability()
    stability.look({0: 10}, {0: 3}, 100.0)
    assert stability.look({0: 11}, {0: 11}, 140.0) == {0: 0.0}
    assert stability.look({0: 20}, {0: 11}, 150.0) == {0: 0.0}


@given(lengths=st.lists(st.integers(1, 50), min_size=1, max_size=40))
def test_one_transaction_after_another_is_never_taken_for_a_hanging_one(lengths: list[int]) -> None:
    stability, end, now = Stability[int](), 0, 0.0
    for length in lengths:
        stable, end, now = end, end + length, now + 5.0
        assert stability.look({0: end}, {0: stable}, now) == {0: 0.0}
