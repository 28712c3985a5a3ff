"""The streams of the bench are what they are said to be: in bursts, late, twice, and none lost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.monitoring.unchanged.replays import orders
from benchmarks.monitoring.unchanged.stream import START, bursts, deliveries


@pytest.mark.parametrize("seed", range(5))
def test_bursts_have_long_gaps_between_and_the_mean_that_was_asked(seed: int) -> None:
    at = bursts(3000, 60.0, np.random.default_rng(seed))
    gaps = np.diff(at)
    assert (gaps >= 0).all()
    assert (gaps == 0).mean() > 0.9, "a batch is predicted at one time"
    assert gaps.max() > 1800, "and then there is nothing for hours"
    assert (at[-1] - START) / 3000 == pytest.approx(60, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_kafka_brings_every_document_some_twice_and_some_late(seed: int) -> None:
    random = np.random.default_rng(seed)
    at = bursts(2000, 60.0, random)
    polls = list(deliveries(at, random))
    times = [each.now for each in polls]
    assert times == sorted(times)
    read = Counter(position for each in polls for position in each.positions)
    assert set(read) == set(range(2000))
    assert 50 < sum(count - 1 for count in read.values()) < 150
    first: dict[int, float] = {}
    for each in polls:
        for position in each.positions:
            first.setdefault(position, each.now)
    delay = np.array([first[n] for n in range(2000)]) - at
    assert delay.min() > 0, "nothing is read before it was made"
    assert 0 < (delay > 5).sum() < 1200, "some are read when monitoring waits for them no more"
    order = [position for each in polls for position in each.positions]
    assert order != sorted(order)


def test_no_document_is_in_both_windows_of_a_replay() -> None:
    chosen = orders(300, 120, 80, 50, seed=1)
    assert chosen.shape == (50, 200)
    assert all(len(set(each.tolist())) == 200 for each in chosen)
    assert len({tuple(each) for each in chosen.tolist()}) == 50
    assert (orders(300, 120, 80, 50, seed=1) == chosen).all()
