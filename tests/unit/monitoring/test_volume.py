"""Too few and too many documents are found, and rhythm, bursts and growth are neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.objective import load_objective
from towpath.core.objective.parts import FalseAlarms
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.domain.volume.counts import KEPT, PER_DAY, PER_WEEK, SLOT_S, Counts
from towpath.monitoring.domain.volume.detector import Suspicion, bets
from towpath.monitoring.domain.volume.rhythm import Rhythm
from towpath.monitoring.domain.volume.usual import DIRECTIONS, Direction, pvalue
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.volume import CAUSE, VolumeWatch
from towpath.v1 import Alert, AlertState, Prediction

OBJECTIVE = load_objective("objective.yaml")
MONDAY = 697 * PER_DAY
WEEK_S = 7 * 86_400.0
RATE = 1 / (90 * 86_400 * 13)
Ints = NDArray[np.int64]


def stream(kind: str, seed: int, weeks: int, level: float) -> Ints:
    """Documents in each slot. Bursts: a rate that wanders by a factor within minutes, and clumps of fifty."""
    random, slots = np.random.default_rng([seed, int(10 * level)]), np.arange(weeks * PER_WEEK)
    rate = np.full(len(slots), level)
    if kind != "steady":
        hour, day = slots % PER_DAY * 24 / PER_DAY, slots // PER_DAY % 7
        rate = rate * np.where((hour > 7) & (hour < 20), 1.0, 0.1) * np.where(day >= 5, 0.15, 1.0)
    if kind == "bursts":
        noise, wander = random.normal(size=len(slots)), np.zeros(len(slots))
        for slot in range(1, len(slots)):
            wander[slot] = 0.7 * wander[slot - 1] + 0.35 * noise[slot]
        rate = rate * np.exp(wander)
        return np.round(random.gamma(np.maximum(random.poisson(rate / 50), 1e-9), 50.0)).astype(np.int64)
    return random.poisson(rate).astype(np.int64)


def fed(counts: Ints, rate: float = RATE) -> Rhythm:
    one = Rhythm(rate)
    for slot in np.flatnonzero(counts).tolist():
        one.counts.add(MONDAY + slot, int(counts[slot]))
    one.advance(MONDAY + len(counts))
    return one


def alarms(counts: Ints, rate: float) -> int:
    """How often it alarmed, slot by slot."""
    one, found, before = Rhythm(rate), 0, set[Any]()
    for slot, documents in enumerate(counts.tolist()):
        if documents:
            one.counts.add(MONDAY + slot, documents)
        one.advance(MONDAY + slot + 1)
        now = {(each.scale, alarm.direction, alarm.fired) for each in one.scales for alarm in each.alarms.values()}
        found, before = found + len(now - before), now
    return found


@pytest.mark.parametrize("level", [0.2, 300.0])
@pytest.mark.parametrize("kind", ["steady", "rhythm", "bursts"])
def test_of_streams_that_keep_their_rhythm_no_more_alarm_than_the_budget_has(kind: str, level: float) -> None:
    """Three streams of three weeks, and a budget 400 times the usual: some dozen false alarms are allowed."""
    rate = 400 * RATE
    found = sum(alarms(stream(kind, seed, 3, level), rate) for seed in range(3))
    allowed = 3 * 3 * WEEK_S * rate
    assert found <= allowed


def test_bets_win_no_more_than_the_income_where_ranks_are_uniform() -> None:
    """The detector alone, without the slack that is taken for what is half or twice as usual."""
    random, stake, found = np.random.default_rng(1), 1e-3, 0
    for _ in range(100):
        one = Suspicion(stake)
        found += sum(one.step(slot, 0, 0.0, p) is not None for slot, p in enumerate(random.random(1000).tolist()))
    assert found <= 100 + 2 * np.sqrt(100)
    grid = (np.arange(100_000) + 0.5) / 100_000
    means = np.mean([bets(p) for p in grid.tolist()], axis=0)
    assert (means <= 1).all()
    assert means[1:] == pytest.approx(np.ones(3), abs=0.1)


@given(
    before=st.lists(st.integers(0, 30), max_size=30), documents=st.integers(0, 80), tie=st.floats(0, 1),
    direction=st.sampled_from(DIRECTIONS),
)  # fmt: skip
def test_a_p_value_is_never_below_the_conformal_one(
    before: list[int], documents: int, tie: float, direction: Direction
) -> None:
    further = sum(each < documents if direction == "silence" else each > documents for each in before)
    exact = (further + tie * (before.count(documents) + 1)) / (len(before) + 1)
    assert exact <= pvalue(direction, documents, sorted(before), tie) + 1e-12 <= 1 + 1e-11


def silent_from(weeks: int, kind: str, level: float, seed: int = 0) -> tuple[Ints, int]:
    """Silence that begins on a Tuesday at ten."""
    counts = stream(kind, seed, weeks + 1, level)
    begins = weeks * PER_WEEK + PER_DAY + 120
    counts[begins:] = 0
    return counts, begins


def delay(counts: Ints, begins: int) -> int | None:
    """Minutes until it alarms."""
    one = fed(counts[:begins])
    assert one.alarm is None
    for slot in range(begins, len(counts)):
        if counts[slot]:
            one.counts.add(MONDAY + slot, int(counts[slot]))
        one.advance(MONDAY + slot + 1)
        if one.alarm is not None:
            return (slot + 1 - begins) * 5
    return None


@pytest.mark.parametrize(("kind", "level", "weeks", "minutes"), [
    ("rhythm", 300.0, 8, 90), ("rhythm", 3.0, 8, 150), ("bursts", 2000.0, 8, 90), ("rhythm", 300.0, 1, 300),
])  # fmt: skip
def test_silence_is_found_within_an_hour_or_two_and_later_where_little_is_known(
    kind: str, level: float, weeks: int, minutes: int
) -> None:
    found = [delay(*silent_from(weeks, kind, level, seed)) for seed in range(2 if weeks < 8 else 1)]
    assert all(each is not None and each <= minutes for each in found), found


def test_of_thirty_documents_a_day_two_silent_days_are_found() -> None:
    found = delay(*silent_from(8, "steady", 30 / PER_DAY))
    assert found is not None
    assert found <= 2.5 * 1440


def test_silence_that_is_usual_at_night_is_none_and_ends_by_itself_when_documents_are_back() -> None:
    counts = stream("rhythm", 3, 4, 40.0)
    hour = np.arange(len(counts)) % PER_DAY * 24 / PER_DAY
    counts[(hour < 7) | (hour > 20)] = 0
    begins = 3 * PER_WEEK + PER_DAY + 120
    quiet = counts.copy()
    quiet[begins : begins + 24] = 0
    assert fed(quiet[:begins]).alarm is None
    during = fed(quiet[: begins + 24]).alarm
    assert during is not None
    assert during.direction == "silence"
    assert abs(during.began - (MONDAY + begins)) <= 2
    assert during.documents == 0
    assert fed(quiet[: begins + 24 + 6]).alarm is None


def test_a_flood_is_found_and_growth_is_none() -> None:
    counts = stream("rhythm", 4, 6, 300.0)
    begins = 5 * PER_WEEK + PER_DAY + 120
    grown, flood = counts.copy(), counts.copy()
    grown[begins:] = (1.6 * grown[begins:]).astype(np.int64)
    flood[begins:] *= 6
    assert fed(grown).alarm is None
    found = delay(flood, begins)
    assert found is not None
    assert found <= 120
    one = fed(flood[: begins + found // 5]).alarm
    assert one is not None
    assert one.direction == "flood"
    assert one.documents > 3 * one.usual


def test_before_a_week_is_known_days_are_compared_and_weekends_are_let_alone() -> None:
    counts = stream("steady", 5, 1, 300.0)
    weekend = np.arange(len(counts)) // PER_DAY >= 5
    assert fed(np.where(weekend, 0, counts)).alarm is None
    broken = counts.copy()
    broken[3 * PER_DAY + 120 :] = 0
    found = delay(broken, 3 * PER_DAY + 120)
    assert found is not None
    assert found <= 240


def test_what_has_just_begun_says_nothing() -> None:
    assert Rhythm(RATE).advance(MONDAY) is False
    one = fed(stream("steady", 1, 1, 100.0)[:100])
    assert one.alarm is None
    assert one.days == pytest.approx(100 / PER_DAY, abs=2 / PER_DAY)


def test_a_budget_of_nothing_is_silent() -> None:
    counts, _ = silent_from(4, "rhythm", 300.0)
    assert fed(counts, rate=0.0).alarm is None


@settings(deadline=None, max_examples=25)
@given(added=st.lists(st.tuples(st.integers(0, 3 * KEPT), st.integers(1, 9)), min_size=1, max_size=40))
def test_counts_are_those_of_the_last_slots(added: list[tuple[int, int]]) -> None:
    counts, plain, latest = Counts(), dict[int, int](), 0
    for slot, many in added:
        counts.add(slot, many)
        if slot > latest - KEPT or not plain:
            plain[slot] = plain.get(slot, 0) + many
        latest = max(latest, slot)
    since = counts.since
    assert since is not None
    slots = np.arange(since, counts.latest + 1)
    assert len(slots) <= KEPT
    assert counts.sums(slots, 1).tolist() == [plain.get(slot, 0) for slot in slots.tolist()]


# ------------------------------------------------------------------ the use case
class Clock:
    now = MONDAY * SLOT_S * 1.0

    def __call__(self) -> float:
        return self.now


def watch(clock: Clock) -> VolumeWatch:
    budget = Budget.of(FalseAlarms(budget=1, period="90d"), [CAUSE, *(f"drift/{n}" for n in range(12))])
    return VolumeWatch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), budget, clock)


def predictions(first: int, last: int, every_s: int = 60) -> Iterator[Prediction]:
    for at in range(first * SLOT_S, last * SLOT_S, every_s):
        made = Prediction(prediction_id=f"p{at}")
        made.created_at.FromSeconds(at)
        yield made


def told(one: VolumeWatch) -> Finding:
    (found,) = one.findings()
    return found


def test_silence_is_told_although_nothing_comes_and_is_the_same_after_a_restart() -> None:
    clock = Clock()
    live = watch(clock)
    stops = MONDAY + 15 * PER_DAY + 120
    history = list(predictions(MONDAY, stops))
    clock.now = stops * SLOT_S
    for each in history:
        live.prediction(each)
    assert not told(live).firing
    while not told(live).firing:
        clock.now += 20
        assert clock.now < (stops + 36) * SLOT_S
    found = told(live)
    assert (found.cause, found.monitor, found.severity) == ("volume/rate", "volume", "warning")
    assert "no documents come: none since 2026" not in found.summary
    assert found.summary.startswith("no documents come: none since 1971")
    assert "at this time of the week" in found.summary
    assert found.evidence["documents"] == 0
    assert found.evidence["usual"] > 50

    again = watch(clock)
    for each in history[::2] + history[1::2]:
        again.prediction(each)
    assert told(again) == found
    assert again.shown() == live.shown()
    text = generate_latest(live.metrics.registry).decode()
    assert 'towpath_monitoring_volume_firing{of="silence"} 1.0' in text
    assert 'towpath_monitoring_volume_firing{of="flood"} 0.0' in text
    assert "towpath_monitoring_volume_minute_documents 0.0" in text
    assert "towpath_monitoring_volume_usual_minute_documents 1.0" in text


def test_whoever_resolves_it_says_that_it_is_so_now() -> None:
    clock = Clock()
    one = watch(clock)
    stops = MONDAY + 15 * PER_DAY + 120
    clock.now = (stops + 36) * SLOT_S
    for each in predictions(MONDAY, stops):
        one.prediction(each)
    assert told(one).firing
    over = Alert(objective=OBJECTIVE.name, cause=CAUSE, state=AlertState.ALERT_STATE_RESOLVED, actor="monitoring")
    over.created_at.FromNanoseconds(int(clock.now * 1e9))
    one.heed(over)
    assert told(one).firing
    over.actor = "ada"
    one.heed(over)
    assert not told(one).firing
    clock.now += 3 * 86_400
    assert not told(one).firing, "silence is usual now"


def test_after_kafka_was_away_what_came_meanwhile_is_read_first() -> None:
    clock = Clock()
    one = watch(clock)
    stops = MONDAY + 15 * PER_DAY + 120
    clock.now = stops * SLOT_S
    for each in predictions(MONDAY, stops):
        one.prediction(each)
    assert not told(one).firing
    clock.now = (stops + 24) * SLOT_S
    assert not told(one).firing, "two hours, of which nothing is read yet"
    clock.now += 20
    for each in predictions(stops, stops + 24):
        one.prediction(each)
    for _ in range(20):
        clock.now += 20
        assert not told(one).firing


def test_strange_dates_do_no_harm() -> None:
    clock = Clock()
    one = watch(clock)
    clock.now = (MONDAY + 2 * PER_DAY) * SLOT_S
    for each in predictions(MONDAY, MONDAY + 2 * PER_DAY):
        one.prediction(each)
    one.prediction(Prediction(prediction_id="without"))
    later = Prediction(prediction_id="later")
    later.created_at.FromSeconds(int(clock.now) + 10 * 365 * 86_400)
    one.prediction(later)
    assert not told(one).firing
    assert one.shown().days == pytest.approx(2, abs=0.01)
