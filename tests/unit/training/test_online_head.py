"""A head that learns from feedback: begins as the release's, is judged before it learns, reigns while it is cheaper."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from towpath.core.objective import load_objective
from towpath.core.objective.parts import Online
from towpath.core.stream import Partition, Record
from towpath.model import Model
from towpath.model.build.rehead import head_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.bundle import read_bundle
from towpath.training.domain.online.evidence import Evidence
from towpath.training.domain.online.gate import OnlineGate
from towpath.training.domain.online.head import OnlineHead, Weights
from towpath.training.domain.online.learner import Learner, Told, largest_difference
from towpath.training.domain.online.order import InOrder
from towpath.training.domain.online.texts import Texts

OBJECTIVE = load_objective(Path(__file__).parents[3] / "objective.yaml")
MOST = largest_difference(OBJECTIVE.costs)
ZEROS = Weights(np.zeros((3, 4)), np.zeros(3))
Floats = NDArray[np.float64]


def differences(random: np.random.Generator, count: int, *, saves: float, loses: float) -> Floats:
    """Costs online - static: mostly none, now and then one of the running example's."""
    size = random.choice([0.15, 0.5, 1, 5, 8], p=[0.5, 0.2, 0.2, 0.07, 0.03], size=count)
    return np.select([(draw := random.random(count)) < saves, draw < saves + loses], [-size, size], 0.0)


def changes(gate: OnlineGate, values: Floats) -> list[tuple[int, str]]:
    return [(n, change) for n, value in enumerate(values) if (change := gate.add(float(value))) is not None]


# ----------------------------------------------------------------------
def test_before_it_learns_it_is_the_head_of_the_bundle(tmp_path: Path) -> None:
    bundle = read_bundle(build_tiny_bundle(tmp_path / "bundle"))
    scores, head = Model(bundle).scores(["a text", "another text, a longer one"]), head_of(bundle)
    weights = OnlineHead(Weights(head.coef, head.intercept), 0.1).weights
    np.testing.assert_array_equal(weights.coef, head.coef)
    for embedding, there in zip(scores.embeddings, scores.probabilities, strict=True):
        np.testing.assert_allclose(weights.probabilities(embedding), there, atol=1e-6)


def test_a_step_is_that_of_softmax_regression() -> None:
    random = np.random.default_rng(0)
    start = Weights(random.normal(size=(3, 4)), random.normal(size=3))
    x = random.normal(size=4).astype(np.float32)
    head = OnlineHead(start, 0.1)
    head.learn(x, 2)
    gradient = start.probabilities(x) - np.array([0, 0, 1])
    np.testing.assert_allclose(head.weights.coef, start.coef - 0.1 * np.outer(gradient, x), atol=1e-12)
    np.testing.assert_allclose(head.weights.intercept, start.intercept - 0.1 * gradient, atol=1e-12)


def test_without_an_advantage_it_takes_over_no_more_often_than_the_confidence_allows() -> None:
    random, streams, took = np.random.default_rng(1), 150, 0
    for _ in range(streams):
        gate = OnlineGate(Online(confidence=0.9, min_feedback=50), MOST)
        took += any(gate.add(float(each)) for each in differences(random, 1000, saves=0.1, loses=0.1))
    # A right test exceeds 10 % of 150 by three standard deviations in one of a thousand tries.
    assert took <= 0.1 * streams + 3 * np.sqrt(0.09 * streams)


def test_it_takes_over_when_cheaper_and_is_given_back_when_that_ends() -> None:
    random = np.random.default_rng(2)
    back = []
    for _ in range(20):
        gate = OnlineGate(Online(min_feedback=50), MOST)
        changes(gate, differences(random, 1500, saves=0.3, loses=0.1))
        assert gate.reigns
        (n, why) = changes(gate, differences(random, 3000, saves=0.1, loses=0.3))[0]
        assert why in ("dearer", "not shown to be cheaper")
        back.append(n)
    # Months of savings beforehand do not hold that up.
    assert np.median(back) < 1500


def test_an_advantage_that_fades_away_ends_the_reign_too() -> None:
    random = np.random.default_rng(3)
    gate = OnlineGate(Online(min_feedback=50), MOST)
    changes(gate, differences(random, 1000, saves=0.4, loses=0.1))
    assert gate.reigns
    assert [why for _, why in changes(gate, np.zeros(5000))] == ["not shown to be cheaper"]


def test_a_long_bad_time_does_not_keep_it_from_ever_taking_over() -> None:
    random = np.random.default_rng(4)
    gate = OnlineGate(Online(min_feedback=200), MOST)
    assert changes(gate, differences(random, 10_000, saves=0.1, loses=0.3)) == []
    found = changes(gate, differences(random, 3000, saves=0.3, loses=0.1))
    assert found[0][0] < 2000


def test_nothing_is_decided_before_there_is_enough_feedback() -> None:
    (n, change) = changes(OnlineGate(Online(min_feedback=300), MOST), np.full(400, -MOST))[0]
    assert (n, change) == (299, "taken over")


def test_evidence_refuses_what_it_holds_nothing_for() -> None:
    with pytest.raises(ValueError, match="is not within"):
        Evidence(1.0, 10).add(1.5)


# ----------------------------------------------------------------------
def told(learner: Learner, n: int, truth: int, *, feedback: str = "") -> None:
    embedding = np.array([1, 0, 0, 0], dtype=np.float32)
    # The static release is sure of a wrong class.
    static = np.array([0.02, 0.02, 0.96], dtype=np.float32)
    learner.learn(Told(feedback or f"fb-{n}", f"doc-{n}", truth), embedding, static)


def test_what_reigns_is_a_version_that_later_learning_does_not_change() -> None:
    learner = Learner(ZEROS, OBJECTIVE.costs, Online(min_feedback=20, publish_every=50, learning_rate=0.5))
    served = []
    for n in range(400):
        told(learner, n, 0)
        served.append(learner.serves)
    versions = list(dict.fromkeys(each.learned for each in served if each is not None))
    assert versions
    assert all(later - earlier == 50 for earlier, later in pairwise(versions))
    assert learner.serves is not None
    assert learner.serves.static_cost > learner.serves.online_cost


def test_feedback_counts_once_and_a_correction_is_learned_but_not_judged_by() -> None:
    online = Online(learning_rate=0.5)
    once, again = Learner(ZEROS, OBJECTIVE.costs, online), Learner(ZEROS, OBJECTIVE.costs, online)
    told(once, 1, 0)
    for feedback in ("fb-1", "fb-1", "somebody-else-says-the-same"):
        told(again, 1, 0, feedback=feedback)
    np.testing.assert_array_equal(once.weights.coef, again.weights.coef)
    cost = again.static_cost.mean
    told(again, 1, 2, feedback="a correction")
    assert again.static_cost.mean == cost
    assert again.weights.intercept[2] > once.weights.intercept[2]
    told(again, 1, 0, feedback="fb-1")  # replayed after its correction
    assert (again.learned, once.learned) == (2, 1)


def test_memory_is_bounded() -> None:
    learner = Learner(ZEROS, OBJECTIVE.costs, Online(), memory=10)
    for n in range(30):
        told(learner, n, 0)
    assert len(learner._ids) == len(learner._truths) == 10
    texts = Texts(documents=3, characters=10)
    for n in range(5):
        texts.put(f"doc-{n}", "1234")
    assert [texts.get(f"doc-{n}") for n in range(5)] == [None, None, None, "1234", "1234"]


# ----------------------------------------------------------------------
def record(partition: int, offset: int, at: int) -> Record:
    return Record("t", partition, offset, None, b"", (), at)


def test_partitions_are_read_in_one_order_however_they_come() -> None:
    records = [record(0, 0, 10), record(0, 1, 30), record(0, 2, 25), record(1, 0, 20), record(1, 1, 40)]
    read_up = {Partition("t", 0): True, Partition("t", 1): True}
    orders = []
    for arrived in (records, records[3:] + records[:3]):
        order = InOrder()
        for each in arrived:
            order.add(each)
        orders.append([(at, each.partition, each.offset) for at, each in order.take(read_up, 100)])
    # A clock that went back does not change the order within a partition.
    assert orders[0] == orders[1] == [(10, 0, 0), (20, 1, 0), (30, 0, 1), (30, 0, 2), (40, 1, 1)]


def test_nothing_is_taken_before_its_turn_is_certain() -> None:
    order, one, other = InOrder(), Partition("t", 0), Partition("t", 1)
    order.add(record(0, 0, 10))
    assert list(order.take({one: True, other: False}, 100)) == []
    assert list(order.take({one: True, other: True}, 5)) == []
    assert order.before(10)
    assert len(list(order.take({one: True, other: True}, 10))) == 1
    assert not order.before(100)
