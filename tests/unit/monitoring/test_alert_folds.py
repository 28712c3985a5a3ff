"""The fold of the topic `alerts`: repeats change nothing, a restart comes to the same, people's words last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.errors import ConflictError, NotFoundError, RejectedError
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.domain.alerts import Entry
from towpath.monitoring.domain.book import Book
from towpath.monitoring.domain.finding import Finding, Severity
from towpath.monitoring.domain.telling import Heard
from towpath.v1 import Alert, AlertSeverity, AlertState

OLD, FIRING, ACKNOWLEDGED, RESOLVED, SILENCED, UNSILENCED = (
    AlertState.ALERT_STATE_UNSPECIFIED,
    AlertState.ALERT_STATE_FIRING,
    AlertState.ALERT_STATE_ACKNOWLEDGED,
    AlertState.ALERT_STATE_RESOLVED,
    AlertState.ALERT_STATE_SILENCED,
    AlertState.ALERT_STATE_UNSILENCED,
)
WARNING, PAGE = AlertSeverity.ALERT_SEVERITY_WARNING, AlertSeverity.ALERT_SEVERITY_PAGE
START = datetime(2026, 11, 28, tzinfo=UTC)


def said(
    state: AlertState, at: int, *, of: str = "alr-1", cause: str = "cost/x", severity: AlertSeverity = WARNING
) -> Alert:
    made = Alert(
        alert_id=of, objective="tweets", monitor=cause.split("/")[0], cause=cause, state=state, severity=severity
    )
    made.created_at.FromSeconds(at)
    made.until.FromSeconds(10**9)
    return made


def folded(messages: Iterable[Alert]) -> Book:
    book = Book()
    for each in messages:
        book.apply(each)
    return book


def view(book: Book) -> tuple[object, ...]:
    """All that anybody can see of it."""

    def seen(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
        return sorted(
            (e.alert_id, e.key, e.state, e.severity, e.started_ns, e.fired.SerializeToString()) for e in entries
        )

    return seen(book.alerts.open()), seen(book.alerts.closed()), sorted(e.alert_id for e in book.silences.active())


@st.composite
def histories(draw: st.DrawFn) -> list[Alert]:
    """What several writers may have said, in the order of the topic: lives of some alerts and silences, interleaved."""
    lives = []
    for n in range(draw(st.integers(1, 4))):
        silences = draw(st.booleans())
        states = [SILENCED, UNSILENCED] if silences else [OLD, FIRING, ACKNOWLEDGED, RESOLVED]
        cause = draw(st.sampled_from(["cost/x", "drift/y", "drift/"]))
        said_of = draw(st.lists(st.tuples(st.sampled_from(states), st.sampled_from([WARNING, PAGE])), max_size=6))
        lives.append([(state, f"id-{n}", cause, severity) for state, severity in said_of])
    order = draw(st.permutations([n for n, life in enumerate(lives) for _ in life]))
    nexts = [iter(life) for life in lives]
    told = [next(nexts[n]) for n in order]
    return [said(state, 1000 + at, of=of, cause=cause, severity=sev) for at, (state, of, cause, sev) in enumerate(told)]


@given(histories(), st.data())
def test_repeats_change_nothing_however_late(history: list[Alert], data: st.DataObject) -> None:
    repeated: list[Alert] = []
    for n, message in enumerate(history):
        repeated.append(message)
        again = data.draw(st.lists(st.integers(0, n), max_size=3), label="said again")
        repeated += [history[each] for each in again]
    assert view(folded(repeated)) == view(folded(history))


@given(histories())
def test_of_a_cause_one_alert_is_open_and_it_is_found_by_id_and_by_cause(history: list[Alert]) -> None:
    alerts = folded(history).alerts
    keys = [each.key for each in alerts.open()]
    assert len(set(keys)) == len(keys)
    for each in alerts.open():
        assert alerts.at(each.key) is each is alerts.find(each.alert_id)
    assert all(each.state == RESOLVED for each in alerts.closed())


class Told:
    """A receiver, and the process that tells it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, int]] = []
        self.book, self.heard, self.read = Book(), Heard(), list[Alert]()

    def take(self, batch: Sequence[Alert]) -> None:
        for each in batch:
            self.book.apply(each)
        self.read += batch
        for notice in self.heard.due(self.book):
            self.told.append((notice.entry.alert_id, notice.firing, notice.entry.severity))
            self.heard.heard(notice)
        assert self.heard.due(self.book) == [], "what was heard is not told again"

    def restart(self) -> None:
        """Another process folds what lies before its offset."""
        self.book, self.heard = Book(), Heard()
        for each in self.read:
            self.book.apply(each)
            for notice in self.heard.due(self.book):
                self.heard.heard(notice)


@given(histories(), st.lists(st.integers(1, 5)), st.integers(0, 10))
def test_nothing_is_lost_and_nothing_told_twice_whatever_comes_at_once(
    history: list[Alert], sizes: list[int], restart: int
) -> None:
    receiver = Told()
    for n, size in enumerate([*sizes, len(history)]):
        if n == restart:
            receiver.restart()
        read = len(receiver.read)
        receiver.take(history[read : read + size])
    for entry in receiver.book.alerts.open():
        if entry.state == FIRING and receiver.book.silence_of(entry) is None:
            assert (entry.alert_id, True, entry.severity) in receiver.told
    lifted = sum(each.state == UNSILENCED for each in history)
    for identity in {each.alert_id for each in history}:
        said_so = sum(each.alert_id == identity and each.state in (OLD, FIRING) for each in history)
        assert sum(firing and of == identity for of, firing, _ in receiver.told) <= said_so + lifted


def test_an_acknowledged_alert_is_told_again_only_where_it_is_worse() -> None:
    seen = folded([said(FIRING, 1), said(ACKNOWLEDGED, 2), said(FIRING, 3)]).alerts.find("alr-1")
    assert seen is not None
    assert seen.state == ACKNOWLEDGED
    worse = folded([said(FIRING, 1), said(ACKNOWLEDGED, 2), said(FIRING, 3, severity=PAGE)]).alerts.find("alr-1")
    assert worse is not None
    assert (worse.state, worse.severity) == (FIRING, PAGE)


def test_what_was_said_before_states_and_causes_were_is_read() -> None:
    book = folded([Alert(alert_id="a", monitor="dead-letters"), Alert(alert_id="b", monitor="dead-letters")])
    assert {each.key[1] for each in book.alerts.open()} == {"dead-letters/a", "dead-letters/b"}


def test_a_new_id_of_the_same_cause_takes_the_place_of_the_old() -> None:
    book, heard = folded([said(FIRING, 1)]), Heard()
    for each in heard.due(book):
        heard.heard(each)
    book.apply(said(FIRING, 2, of="alr-2"))
    assert [(each.entry.alert_id, each.firing) for each in heard.due(book)] == [("alr-2", True)]
    assert [each.alert_id for each in book.alerts.closed()] == ["alr-1"]


def test_what_outlasts_its_silence_is_told_and_what_ended_within_is_not() -> None:
    book, heard = Book(), Heard()
    for each in (
        said(SILENCED, 1, of="sil", cause="drift/"),
        said(FIRING, 2, cause="drift/y"),
        said(FIRING, 3, of="o"),
    ):
        book.apply(each)
    assert [each.entry.alert_id for each in heard.due(book)] == ["o"]
    book.apply(said(FIRING, 4, of="short", cause="drift/z"))
    book.apply(said(RESOLVED, 5, of="short", cause="drift/z"))
    book.apply(said(UNSILENCED, 6, of="sil", cause="drift/"))
    assert [each.entry.alert_id for each in heard.due(book)] == ["alr-1", "o"]


def test_memory_is_bounded() -> None:
    book = Book()
    for n in range(1200):
        book.apply(said(FIRING, n, of=f"open-{n}", cause=f"a/{n}"))
        book.apply(said(RESOLVED, n, of=f"closed-{n}", cause=f"b/{n}"))
        book.apply(said(SILENCED, n, of=f"sil-{n}", cause=f"c/{n}"))
    big = said(FIRING, 2000, of="big", cause="a/big")
    big.summary, big.document_ids[:] = "x" * 100_000, [f"d{n}" for n in range(10_000)]
    book.apply(big)
    counts = len(book.alerts.open()), len(book.alerts.closed()), len(book.silences.active())
    assert counts == (1000, 1000, 1000)
    assert book.alerts.find("open-0") is None
    assert sum(each.alert.ByteSize() for each in book.alerts.open()) < 200_000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Desk:
    """A desk, and the topic that it writes to."""

    def __init__(self) -> None:
        self.clock, self.topic = Clock(), list[Alert]()
        self.desk = self.again()

    def again(self) -> AlertDesk:
        """As after a restart."""
        made = AlertDesk("tweets", 3600.0, self.clock)
        for each in self.topic:
            made.seen(each)
        return made

    def find(self, cause: str = "cost/x", *, firing: bool = True, severity: Severity = "warning") -> list[str]:
        """States that are told at a finding."""
        due = self.desk.due([Finding(cause, firing, "says so", severity)])
        assert [each.alert_id for each in self.again().due([Finding(cause, firing, "says so", severity)])] == [
            each.alert_id for each in due
        ]
        self.tell(*due)
        return [AlertState.Name(each.state).removeprefix("ALERT_STATE_") for each in due]

    def tell(self, *alerts: Alert | None) -> None:
        for each in alerts:
            if each is not None:
                self.topic.append(each)
                self.desk.seen(each)

    def only(self) -> str:
        (standing,) = self.desk.standing()
        return standing.entry.alert_id


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_finding_is_told_once_when_it_is_worse_and_when_it_is_over(desk: Desk) -> None:
    assert desk.find() == ["FIRING"]
    first = desk.only()
    assert desk.find() == []
    assert desk.find(severity="page") == ["FIRING"]
    assert desk.only() == first
    assert desk.find(severity="info") == []
    assert desk.find(firing=False) == ["RESOLVED"]
    assert desk.find(firing=False) == []


def test_a_cause_that_was_over_rests_for_its_cooldown_unless_it_is_worse(desk: Desk) -> None:
    desk.find()
    first = desk.only()
    desk.find(firing=False)
    desk.clock.pass_(minutes=59)
    assert desk.find() == []
    desk.clock.pass_(minutes=1, seconds=1)
    assert desk.find() == ["FIRING"]
    assert desk.only() != first
    desk.find(firing=False)
    assert desk.find() == []
    assert desk.find(severity="page") == ["FIRING"]


def test_what_a_person_ends_while_it_lasts_is_told_again_after_the_cooldown(desk: Desk) -> None:
    desk.find()
    desk.tell(desk.desk.resolve(desk.only(), "ada", "seen to"))
    assert desk.find() == []
    desk.clock.pass_(hours=1, seconds=1)
    assert desk.find() == ["FIRING"]


def test_of_two_that_are_told_at_once_the_id_is_the_same(desk: Desk) -> None:
    """Two processes during an update; one that asks again because Kafka did not answer."""
    due = desk.desk.due([Finding("cost/x", True, "says so")])
    desk.clock.pass_(seconds=5)
    again = desk.again().due([Finding("cost/x", True, "says so")])
    desk.tell(*due, *again)
    desk.only()


def test_people_and_the_desk_say_what_cannot_be_done(desk: Desk) -> None:
    desk.find()
    identity = desk.only()
    desk.tell(desk.desk.acknowledge(identity, "ada", "mine"))
    assert desk.desk.acknowledge(identity, "bob", "mine") is None
    desk.tell(desk.desk.resolve(identity, "ada", "done"))
    assert desk.desk.resolve(identity, "bob", "done") is None
    with pytest.raises(ConflictError, match="over"):
        desk.desk.acknowledge(identity, "bob", "late")
    with pytest.raises(NotFoundError, match="towpath alerts list"):
        desk.desk.resolve("alr-none", "bob", "")
    with pytest.raises(RejectedError, match="has passed"):
        desk.desk.silence("drift/", START, "ada", "")
    with pytest.raises(NotFoundError, match="silence"):
        desk.desk.unsilence("sil-none", "ada", "")


def test_a_silence_ends_by_a_message_when_its_time_is_over(desk: Desk) -> None:
    desk.tell(desk.desk.silence("drift/", START + timedelta(hours=1), "ada", "campaign"))
    desk.find("drift/y")
    (standing,) = desk.desk.standing()
    assert standing.silence is not None
    assert desk.find("drift/y") == []
    desk.clock.pass_(hours=1)
    assert desk.find("drift/y") == ["UNSILENCED"]
    (standing,) = desk.desk.standing()
    assert standing.silence is None
    assert desk.desk.unsilence(desk.topic[0].alert_id, "bob", "") is None


def test_those_that_were_over_a_month_ago_are_forgotten(desk: Desk) -> None:
    desk.find()
    desk.find(firing=False)
    desk.clock.pass_(days=29)
    desk.desk.due([])
    assert len(desk.desk.standing(closed=True)) == 1
    desk.clock.pass_(days=2)
    desk.desk.due([])
    assert desk.desk.standing(closed=True) == []
    assert desk.find() == ["FIRING"]
    assert view(folded(desk.topic))[0] != []
