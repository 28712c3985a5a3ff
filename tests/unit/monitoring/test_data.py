"""Shares that the objective does not allow are told, surely and no sooner, and over when they are back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.objective import load_objective
from towpath.core.objective.parts import FalseAlarms
from towpath.core.service import Health, new_app
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.data import DATA_CAUSES, DataMonitor
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.data.bets import LEAST, above, below
from towpath.monitoring.domain.data.share import Looked, Share
from towpath.monitoring.domain.finding import Finding
from towpath.monitoring.entrypoints import data_http
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.volume import CAUSE, VolumeWatch
from towpath.v1 import Alert, AlertState, Document

OBJECTIVE = load_objective("objective.yaml")
RATE = 1 / (90 * 86_400 * 13)


def fed(share: Share, found: Sequence[bool], *, batch: int = 10, first: int = 0, stop: bool = True) -> int | None:
    """Documents until it alarms, one a second; `stop`: none after that."""
    ties = np.random.default_rng([7, first]).random(len(found))
    for start in range(0, len(found), batch):
        rows = range(start, min(start + batch, len(found)))
        share.step([Looked(f"d{first + n}", found[n], ties[n], float(first + n)) for n in rows], len(rows))
        if stop and share.alarm is not None:
            return rows[-1] + 1
    return None


def draws(seed: int, share: float, many: int) -> list[bool]:
    return [bool(each) for each in np.random.default_rng(seed).random(many) < share]


@given(limit=st.floats(0, 1), chance=st.floats(0, 1))
def test_bets_are_fair_at_the_limit_and_lose_below_it(limit: float, chance: float) -> None:
    bounded = min(max(limit, LEAST), 1 - LEAST)
    for table, m in ((above(limit), bounded), (below(limit)[::-1], min(max(1 - limit, LEAST), 1 - LEAST))):
        assert table.min() > 0
        assert table.max() <= 4.0001
        assert (1 - m) * table[0] + m * table[1] == pytest.approx(np.ones(table.shape[1]))
        less = chance * m
        assert ((1 - less) * table[0] + less * table[1] <= 1 + 1e-9).all()


@pytest.mark.parametrize("limit", [0.01, 0.3, None])
@pytest.mark.parametrize("kind", ["even", "clumps"])
def test_false_alarms_are_no_more_than_what_was_paid(limit: float | None, kind: str) -> None:
    """60 streams at the limit itself, with an income of 1/2,000 a document, in polls of any size."""
    random, streams, documents, alarms = np.random.default_rng(2), 60, 2000, 0
    for _ in range(streams):
        share, found = Share("x", limit, 5e-4), (random.random(documents) < (limit or 0.2)).tolist()
        at = 0
        while at < documents:
            many = min(documents - at, 7 if kind == "even" else int(random.integers(1, 300)))
            seen = [Looked(f"d{at + n}", found[at + n], random.random(), 0.0) for n in range(many)]
            share.step(seen, many)
            if share.alarm is not None:
                alarms, at = alarms + 1, documents  # the first, and no more
            at += many
    paid = streams * documents * 5e-4
    assert alarms <= paid + 2 * np.sqrt(paid)


@pytest.mark.parametrize(
    ("limit", "share", "most"), [(0.3, 0.9, 60), (0.3, 0.5, 300), (0.01, 0.2, 150), (0.1, 0.2, 500)]
)
def test_what_is_above_its_limit_is_found(limit: float, share: float, most: int) -> None:
    for seed in range(10):
        one = Share("language", limit, RATE)
        assert fed(one, draws(seed, limit / 2, 1000)) is None
        found = fed(one, draws(100 + seed, share, 3000), first=1000)
        assert found is not None
        assert found <= 2 * most
        alarm = one.alarm
        assert alarm is not None
        assert alarm.began_at == pytest.approx(1000, abs=250)
        assert alarm.after == pytest.approx(share, abs=0.25)
        assert alarm.before < limit


def test_a_handful_of_copies_is_no_alarm() -> None:
    one = Share("duplicates", 0.1, RATE)
    assert fed(one, [False] * 500) is None
    assert fed(one, [True] * 7, first=500) is None


def test_it_is_over_when_the_share_is_surely_back_and_not_while_it_is_not() -> None:
    one = Share("language", 0.3, RATE)
    assert fed(one, draws(1, 0.9, 400)) is not None
    for number in range(20):
        fed(one, draws(number, 0.6, 50), first=1000, stop=False)
        assert one.alarm is not None
    fed(one, draws(50, 0.05, 100), first=2000, stop=False)
    assert one.alarm is None


def test_without_a_limit_a_change_is_found_and_its_end() -> None:
    one = Share("personal-data", None, RATE)
    assert fed(one, draws(1, 0.05, 2000)) is None
    assert fed(one, draws(2, 0.4, 600), first=2000) is not None
    alarm = one.alarm
    assert alarm is not None
    assert (alarm.before, alarm.after) == (pytest.approx(0.05, abs=0.02), pytest.approx(0.4, abs=0.2))
    fed(one, draws(3, 0.03, 300), first=3000, stop=False)
    assert one.alarm is None


def test_no_budget_pays_nothing() -> None:
    assert fed(Share("language", 0.3, 0.0), [True] * 3000) is None


# ------------------------------------------------------------------ the use case
GERMAN = "ein ganz gewöhnlicher deutscher satz über das wetter in unserer stadt, nummer"
ENGLISH = "an ordinary english sentence about the weather in our little town, number"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def monitor(clock: Clock, **limits: Any) -> DataMonitor:
    contract = OBJECTIVE.contract.model_copy(
        update={"data_quality": OBJECTIVE.contract.data_quality.model_copy(update=limits)}
    )
    objective = OBJECTIVE.model_copy(update={"contract": contract})
    budget = Budget.of(FalseAlarms(budget=1, period="90d"), [*DATA_CAUSES, CAUSE])
    return DataMonitor(objective, MonitoringMetrics(CollectorRegistry()), budget, 200, clock)


def words(seed: int) -> str:
    random = np.random.default_rng(seed)
    return " ".join("".join(map(chr, random.integers(97, 123, 6))) for _ in range(6))


def look(one: DataMonitor, clock: Clock, said: str, many: int, first: int = 0) -> None:
    for n in range(first, first + many, 5):
        clock.now += 60
        one.look([Document(document_id=f"d{k}", text=f"{said} {k} {words(k)}") for k in range(n, n + 5)])


def firing(one: DataMonitor) -> dict[str, Finding]:
    found = list(one.findings())
    assert [each.cause for each in found] == list(DATA_CAUSES)
    return {each.cause: each for each in found if each.firing}


def test_another_language_is_a_warning_with_what_it_takes_to_act() -> None:
    clock = Clock()
    one = monitor(clock)
    look(one, clock, ENGLISH, 60)
    assert firing(one) == {}
    look(one, clock, GERMAN, 60, first=1000)
    (found,) = firing(one).values()
    assert (found.cause, found.monitor, found.severity) == ("data/language", "data", "warning")
    assert found.summary.startswith("language: 0.0% → 100.0% of documents are in another language")
    assert "surely more than the 30.0% that the objective allows" in found.summary
    assert found.evidence["limit"] == 0.3
    assert found.evidence["false_alarm_every_days"] == pytest.approx(90 * 6)
    assert {int(each[1:]) >= 1000 for each in found.document_ids} == {True}
    text = generate_latest(one.metrics.registry).decode()
    assert 'towpath_monitoring_data_firing{check="language"} 1.0' in text
    assert 'towpath_monitoring_data_firing{check="encoding"} 0.0' in text
    look(one, clock, ENGLISH, 60, first=2000)
    assert firing(one) == {}


def test_copies_and_near_copies_are_told_apart() -> None:
    clock = Clock()
    one = monitor(clock)
    look(one, clock, ENGLISH, 60)
    for n in range(30):
        clock.now += 60
        said = f"{ENGLISH} " + "and it goes on in just the same way as it did before, all day long, for ever"
        one.look([Document(document_id=f"n{n}", text=f"{said} {n}")])
    assert set(firing(one)) == {"data/near-duplicates"}
    for n in range(30):
        clock.now += 60
        one.look([Document(document_id=f"c{n}", text="the very same words again and again and again")])
    assert "data/duplicates" in firing(one)


def test_an_alarm_that_was_told_lasts_over_a_restart_and_ends_as_any_other() -> None:
    clock = Clock()
    before = monitor(clock)
    look(before, clock, GERMAN, 60)
    desk = AlertDesk(OBJECTIVE.name)
    (told,) = desk.due(before.findings())
    desk.seen(told)
    one = monitor(clock)
    one.heed(told)
    assert set(firing(one)) == {"data/language"}
    assert desk.due(one.findings()) == [], "neither told again nor over"
    look(one, clock, ENGLISH, 60, first=1000)
    assert firing(one) == {}
    (over,) = desk.due(one.findings())
    assert over.state == AlertState.ALERT_STATE_RESOLVED
    again = monitor(clock)
    again.heed(told)
    again.heed(over)
    assert firing(again) == {}


def test_whoever_resolves_it_has_it_compared_anew() -> None:
    clock = Clock()
    one = monitor(clock)
    look(one, clock, GERMAN, 60)
    over = Alert(objective=OBJECTIVE.name, cause="data/language", state=AlertState.ALERT_STATE_RESOLVED)
    over.created_at.FromNanoseconds(int(clock.now * 1e9))
    over.actor = "monitoring"
    one.heed(over)
    assert set(firing(one)) == {"data/language"}, "an echo of what was before"
    over.actor = "ada"
    one.heed(over)
    assert firing(one) == {}
    look(one, clock, GERMAN, 60, first=100)
    assert set(firing(one)) == {"data/language"}, "it is still the matter"


def test_any_language_will_do_where_the_objective_names_none() -> None:
    clock = Clock()
    one = monitor(clock, languages=())
    look(one, clock, GERMAN, 60)
    assert firing(one) == {}
    one.heed(Alert(objective=OBJECTIVE.name, cause="data/language", state=AlertState.ALERT_STATE_FIRING))
    assert firing(one) == {}, "what is not watched any more is over"


def test_over_http_the_same_is_told() -> None:
    clock = Clock()
    one = monitor(clock)
    look(one, clock, GERMAN, 60)
    app = new_app("Towpath monitoring", Health(), CollectorRegistry(), description="")
    app.include_router(data_http.router(one, VolumeWatch(OBJECTIVE, one.metrics, one.budget, clock)))
    told = TestClient(app).get("/v1/data").json()
    assert told["documents"] == 60
    checks = {each["check"]: each for each in told["checks"]}
    assert checks["language"]["alarm"]["explanation"].startswith("language: 100.0% of documents")
    assert checks["language"]["share"] == 1.0
    assert (checks["length"]["documents"], checks["length"]["falseAlarmEveryDays"]) == (0, None)
    assert told["languages"]["other"] == 1.0
    assert told["volume"]["alarm"] is None
    assert told["volume"]["usualPerMinute"] is None
