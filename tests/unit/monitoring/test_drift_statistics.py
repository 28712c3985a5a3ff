"""Alarms on the stream: what is promised of them is tested over many streams, with fixed seeds."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.drift.back import Return
from towpath.monitoring.domain.drift.bets import BETS, cells
from towpath.monitoring.domain.drift.columns import Columns
from towpath.monitoring.domain.drift.detector import CHUNK, Detector, Martingale
from towpath.monitoring.domain.drift.harm import ExtraCost, Prices
from towpath.monitoring.domain.drift.income import LONGEST_GAP_S, MOST, Income
from towpath.monitoring.domain.drift.ranks import Ranks
from towpath.monitoring.domain.drift.scores import Watched, watched
from towpath.monitoring.domain.drift.trail import LENGTH
from towpath.monitoring.domain.drift.watching import Watching

Floats = NDArray[np.float64]
CLASSES = ("negative", "neutral", "positive")
COSTS = Costs.of([[0, 5, 8], [1, 0, 0.5], [1, 0.5, 0]], 0.15)
DAY_S = 86_400.0
KINDS = ("continuous", "two values", "five values", "discrete normal")


def null(kind: str, random: np.random.Generator, documents: int, streams: int) -> Floats:
    """Scores (documents, streams), all alike."""
    shape = (documents, streams)
    if kind == "continuous":
        return random.random(shape)
    if kind == "two values":
        return np.where(random.random(shape) < 0.2, 0.5, 0.0)
    if kind == "five values":
        return random.integers(0, 5, shape).astype(np.float64) / 5
    return np.clip(np.round(random.normal(0.5, 0.1, shape), 2), 0, 1)


def chunks(kind: str, streams: int, documents: int, *, reference: int, seed: int) -> list[Floats]:
    """p-values of independent streams, each with a reference of its own, by chunk."""
    random, ranks = np.random.default_rng(seed), Ranks(streams)
    ranks.begin(null(kind, random, reference, streams))
    return [
        ranks.step(null(kind, random, CHUNK, streams), random.random((CHUNK, streams)))
        for _ in range(documents // CHUNK)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_p_values_are_uniform_and_independent_also_with_heavy_ties(kind: str) -> None:
    found = np.concatenate(chunks(kind, 200, 320, reference=30, seed=1))
    counts = np.bincount((found * 10).astype(int).ravel(), minlength=10)
    expected = found.size / 10
    assert ((counts - expected) ** 2 / expected).sum() < 33.7  # chi-squared, 9 degrees: 1 in 10,000 is above
    quarters = (found * 4).astype(int)
    pairs = np.bincount((4 * quarters[:-1] + quarters[1:]).ravel(), minlength=16)
    expected = pairs.sum() / 16
    assert ((pairs - expected) ** 2 / expected).sum() < 44.3  # 15 degrees
    # And early, where the reference's chance would show: the mean p-value of each stream's first documents.
    first = found[:32].mean(axis=0)
    assert abs(first.std() / np.sqrt(1 / 12 / 32) - 1) < 0.2


def test_a_p_value_is_the_share_of_documents_that_are_at_least_as_strange() -> None:
    ranks = Ranks(1)
    ranks.begin(np.array([[0.1], [0.5], [0.5], [0.9]]))
    found = ranks.step(np.array([[0.5], [0.95], [0.5]]), np.array([0.5, 0.0, 1.0]))
    assert found[:, 0] == pytest.approx([(1 + 0.5 * 3) / 5, 0 / 6, (2 + 1.0 * 4) / 7])


def test_ranks_do_not_depend_on_how_many_come_at_once() -> None:
    random = np.random.default_rng(5)
    scores, ties = np.round(random.random((100, 3)), 1), random.random(100)
    together, alone = Ranks(3), Ranks(3)
    whole = together.step(scores, ties)
    parts = np.concatenate([alone.step(scores[row : row + 1], ties[row : row + 1]) for row in range(100)])
    assert whole == pytest.approx(parts)
    with pytest.raises(ValueError, match="300 documents at once"):
        together.step(np.zeros((300, 3)), np.zeros(300))


def test_every_bet_is_fair_and_never_risks_everything() -> None:
    assert BETS.mean(axis=0) == pytest.approx(np.ones(BETS.shape[1]))
    assert BETS.min() >= 0.05
    assert BETS.max() < 50


@pytest.mark.parametrize("kind", KINDS)
def test_of_unchanged_streams_one_in_a_hundred_ever_makes_a_hundred_of_one(kind: str) -> None:
    """Ville's inequality; 1,000 streams, two standard errors."""
    streams = 1000
    martingale, highest = Martingale(streams), np.full(streams, -np.inf)
    for found in chunks(kind, streams, 1024, reference=50, seed=2):
        highest = np.maximum(highest, martingale.step(cells(found)).max(axis=0))
    assert (highest >= np.log(100)).mean() <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / streams)


def test_against_a_fixed_reference_the_same_bets_cry_wolf() -> None:
    """Why ranks go on: the error of 50 documents is found by 1,000."""
    streams, random = 200, np.random.default_rng(3)
    reference, martingale, highest = random.random((50, streams)), Martingale(streams), np.full(streams, -np.inf)
    for _ in range(16):
        larger = (reference[None] > random.random((CHUNK, streams))[:, None]).sum(axis=1)
        found = (larger + random.random((CHUNK, streams))) / 51
        highest = np.maximum(highest, martingale.step(cells(found)).max(axis=0))
    assert (highest >= np.log(100)).mean() > 0.2


@pytest.mark.parametrize("arrival", ["steady", "bursts"])
@pytest.mark.parametrize("kind", ["continuous", "two values"])
def test_false_alarms_are_no_more_than_what_was_paid(kind: str, arrival: str) -> None:
    """Of 400 streams; an alarm takes its price, so their number varies less than a count of rare events."""
    streams, documents = 400, 1024
    income = np.full(documents, 0.002)
    if arrival == "bursts":
        # Hundreds at one moment, paid for the pause before them.
        income = np.where(np.arange(documents) % 150 == 0, 0.3, 0.0)
    detector, alarms, paid = Detector(streams), 0, 0.0
    for number, found in enumerate(chunks(kind, streams, documents, reference=50, seed=4)):
        part = income[number * CHUNK : (number + 1) * CHUNK]
        alarms += len(detector.step(cells(found), part * streams))
        paid += streams * float(part.sum())
    assert 0 < alarms <= paid + 2 * np.sqrt(paid)


def test_the_mean_run_length_is_at_least_what_was_asked_for() -> None:
    """An income of 1/100 a document: a false alarm in 100 documents at most, on average."""
    streams, asked = 300, 100
    detector, first = Detector(streams), np.full(streams, 4096.0)
    for number, found in enumerate(chunks("continuous", streams, 4096, reference=50, seed=6)):
        for at, stream, _ in detector.step(cells(found), np.full(CHUNK, streams / asked), first == 4096.0):
            first[stream] = min(first[stream], number * CHUNK + at + 1)
    assert first.mean() - 2 * first.std() / np.sqrt(streams) >= asked


def test_a_detector_is_the_recursion_that_is_written_down() -> None:
    random, detector, capital = np.random.default_rng(7), Detector(2), np.zeros((2, BETS.shape[1]))
    for _ in range(5):
        into, income = cells(random.random((CHUNK, 2)) ** 1.1), random.random(CHUNK) * 1e-6
        found = detector.step(into, income)
        for document in range(CHUNK):
            capital = (capital + income[document] / capital.size) * BETS[into[document]]
        assert not found
    assert detector.capital == pytest.approx(capital.sum(axis=1).max())


@settings(deadline=None, max_examples=50)
@given(gaps=st.lists(st.floats(-100, 1e7), min_size=1, max_size=40), split=st.integers(0, 40))
def test_no_more_is_paid_than_the_rate_times_the_time_however_documents_arrive(gaps: list[float], split: int) -> None:
    at, rate = 1e9 + np.cumsum(gaps), 1e-7
    income = Income(rate)
    parts = [each for each in (at[:split], at[split:]) if len(each)]
    paid = np.concatenate([income.paid(each) for each in parts])
    assert paid == pytest.approx(Income(rate).paid(at))
    assert (paid >= 0).all()
    assert paid.max() <= min(MOST, rate * (LONGEST_GAP_S + 3600) * 1.001)
    assert paid.sum() <= rate * max(3600.0, at.max() - at[0]) * 1.001


# ------------------------------------------------------------------
def documents(
    random: np.random.Generator, many: int, *, tokens: float = 18.0, certainty: float = 4.0, sure: float = 1.0
) -> Columns:
    """As a model would tell them; `sure` 0: all classes look alike."""
    said = np.exp(sure * certainty * random.normal(size=(many, 3)))
    said /= said.sum(axis=1, keepdims=True)
    decided = COSTS.decide(said)
    length = np.round(random.lognormal(np.log(tokens), 0.4, many))
    strange = random.binomial(length.astype(int), 0.02) / np.maximum(length, 1)
    sketches = np.round(random.normal(0, 20, (many, 8)))
    return Columns(sketches, length, strange, said, decided.ask.astype(np.float64), decided.expected_cost)


def mixed(one: Columns, other: Columns, chosen: NDArray[np.bool_]) -> Columns:
    def of(name: str) -> Floats:
        here, there = getattr(one, name), getattr(other, name)
        made: Floats = np.where(chosen[:, None] if here.ndim == 2 else chosen, there, here)
        return made

    return Columns(*(of(name) for name in Columns.__dataclass_fields__))


def quantity(name: str, reference: Columns) -> Watched:
    return next(each for each in watched(reference, CLASSES) if each.name == name)


def watching(name: str, reference: Columns, rate: float = 1 / (90 * DAY_S)) -> Watching:
    return Watching(quantity(name, reference), Prices(COSTS, reference.cost), rate)


def feed(one: Watching, made: Columns, random: np.random.Generator, start: float = 1e9, gap: float = 1.0) -> None:
    many = len(made)
    first = one.documents
    at = start + gap * np.arange(first, first + many, dtype=np.float64)
    one.step(made, [f"d{first + number}" for number in range(many)], at, random.random(many))


@pytest.mark.parametrize(("share", "most"), [(1.0, 100), (0.5, 300), (0.1, 3000)])
def test_longer_documents_are_found_whatever_their_share(share: float, most: int) -> None:
    delays = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        one = watching("length", documents(random, 400))
        feed(one, documents(random, 1500), random)
        for _ in range(100):
            chosen = random.random(CHUNK) < share
            feed(one, mixed(documents(random, CHUNK), documents(random, CHUNK, tokens=45), chosen), random)
            if one.alarm is not None:
                break
        assert one.alarm is not None
        assert one.alarm.fired_at >= 1e9 + 1500
        delays.append(one.alarm.fired_at - 1e9 - 1500)
    assert np.median(delays) <= most


def test_shorter_documents_are_found_too_and_so_is_a_spread_that_changed() -> None:
    random = np.random.default_rng(1)
    one = watching("length", documents(random, 400))
    feed(one, documents(random, 600, tokens=11), random)
    assert one.alarm is not None
    assert one.alarm.after < one.alarm.before
    spread = watching("embedding", documents(random, 400))
    wider = documents(random, 900)
    feed(spread, Columns(wider.sketches * 1.6, *(getattr(wider, name) for name in (
        "tokens", "unknown", "probabilities", "asked", "cost"))), random)  # fmt: skip
    assert spread.alarm is not None
    assert spread.alarm.score == "distance"


def test_an_embedding_that_moved_is_found_and_the_alarm_says_when_and_by_which_documents() -> None:
    random = np.random.default_rng(2)
    one = watching("embedding", documents(random, 600))
    feed(one, documents(random, 2000), random)
    assert one.alarm is None
    moved = documents(random, 500)
    moved.sketches[:, :] += 25
    feed(one, moved, random)
    assert one.alarm is not None
    assert abs(one.alarm.began_at - 1e9 - 2000) <= 30
    assert all(1970 <= int(name[1:]) < 2500 for name in one.alarm.document_ids)
    assert len(one.alarm.document_ids) == 10
    assert one.alarm.log10_evidence > 3


def test_over_all_quantities_of_unchanged_streams_alarms_are_no_more_than_paid() -> None:
    """60 streams of bursts, at a rate that pays for dozens of alarms."""
    paid, alarms, many, rate = 0.0, 0, 1024, 1e-7
    for seed in range(60):
        random = np.random.default_rng(seed)
        reference, stream = documents(random, 150), documents(random, many)
        # Bursts, and hours of nothing.
        at = 1e9 + random.exponential(9000, many // 4).cumsum().repeat(4)
        for each in watched(reference, CLASSES):
            one = Watching(each, None, rate)
            one.step(stream, [""] * many, at, np.random.default_rng(seed + 999).random(many))
            paid, alarms = paid + float(Income(rate).paid(at).sum()), alarms + (one.alarm is not None)
    assert paid > 40
    assert alarms <= paid + 2 * np.sqrt(paid)


@settings(deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(1, 1199), max_size=12), seed=st.integers(0, 5))
def test_it_is_the_same_in_however_many_polls_documents_come(cuts: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    reference, stream = documents(random, 200), documents(random, 1200)
    stream.tokens[500:800] = np.round(stream.tokens[500:800] * 2.5)
    ties, at, ids = random.random(1200), 1e9 + np.arange(1200.0), [f"d{number}" for number in range(1200)]
    whole, parts = watching("length", reference, 1e-6), watching("length", reference, 1e-6)
    whole.step(stream, ids, at, ties)
    edges = [0, *sorted(set(cuts)), 1200]
    for start, end in itertools.pairwise(edges):
        part = Columns(*(getattr(stream, name)[start:end] for name in Columns.__dataclass_fields__))
        parts.step(part, ids[start:end], at[start:end], ties[start:end])
    assert parts.documents == whole.documents
    assert parts.capital == pytest.approx(whole.capital)
    one, other = whole.alarm, parts.alarm
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert (one.fired_at, one.began_at, one.document_ids) == (other.fired_at, other.began_at, other.document_ids)


def test_it_is_over_when_documents_are_as_before_and_then_it_finds_the_next() -> None:
    random = np.random.default_rng(3)
    one = watching("length", documents(random, 400))
    feed(one, documents(random, 1000), random)
    feed(one, documents(random, 400, tokens=40), random)
    assert one.alarm is not None
    feed(one, documents(random, 400, tokens=40), random)
    assert one.alarm is not None, "it lasts as long as the change does"
    feed(one, documents(random, 2000), random)
    assert one.alarm is None
    assert one.capital < 1
    feed(one, documents(random, 300, tokens=40), random)
    assert one.alarm is not None
    assert one.alarm.began_at >= 1e9 + 3700


def test_of_streams_that_stay_changed_few_are_said_to_be_as_before() -> None:
    wrong = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        back = Return(random.normal(size=300), random.normal(0.8, 1, 60))
        wrong += any(back.step(random.normal(0.8, 1, CHUNK), np.full(CHUNK, 1e-6)) is not None for _ in range(30))
    assert wrong <= 3


def test_what_somebody_resolved_is_the_new_normal_from_then_on() -> None:
    random = np.random.default_rng(4)
    one = watching("length", documents(random, 400))
    feed(one, documents(random, 640, tokens=40), random)
    assert one.alarm is not None
    one.end(1e9 + 640)
    assert one.alarm is None
    feed(one, documents(random, 3000, tokens=40), random)
    assert one.alarm is None
    feed(one, documents(random, 300, tokens=18), random)
    assert one.alarm is not None


def test_a_budget_of_nothing_never_alarms() -> None:
    random = np.random.default_rng(5)
    one = watching("length", documents(random, 400), rate=0.0)
    feed(one, documents(random, 2000, tokens=80), random)
    assert one.alarm is None
    assert one.capital == 0


def test_memory_is_flat() -> None:
    random = np.random.default_rng(6)
    one, made = watching("length", documents(random, 400)), documents(random, 2 * LENGTH)
    feed(one, made, random)
    tracemalloc.start()
    feed(one, made, random)
    feed(one, made, random)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(8):
        feed(one, made, random)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert one.alarm is None
    assert grown < 200_000


# ------------------------------------------------------------------
def test_the_extra_cost_of_dearer_documents_is_bounded_from_below() -> None:
    """At any of many moments: 200 streams, looked at after every 50 documents."""
    wrong, found, true = 0, 0, 0.02
    for seed in range(200):
        random = np.random.default_rng(seed)
        prices = Prices(COSTS, 0.15 * random.beta(2, 5, 500))
        extra, ever = ExtraCost(prices, 1), False
        for _ in range(10):
            extra.add(0.15 * random.beta(2, 5, 50) + true)
            ever = ever or extra.look().lower > true
        wrong, found = wrong + ever, found + (extra.look().lower > 0)
    assert wrong / 200 <= 0.05
    assert found / 200 > 0.9, "and it is of use"


def test_what_a_document_can_cost_is_what_the_best_decision_can() -> None:
    prices = Prices(COSTS, np.array([0.1, 0.05]))
    assert (prices.low, prices.high) == (0.0, 0.15)
    assert prices.promised == pytest.approx(0.075)
    assert Prices(Costs(COSTS.matrix, None), np.array([0.1])).high == 1.0
    for costs, reference in ((COSTS, []), (COSTS, [np.nan]), (Costs.of([[1, 1], [1, 1]], None), [1.0])):
        with pytest.raises(ValueError, match="costs of the reference"):
            Prices(costs, np.array(reference))
