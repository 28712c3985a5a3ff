"""When training starts by itself: rule by rule, and as a state machine that is killed at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from towpath.core.objective.parts import Retraining
from towpath.training.domain.retraining import Facts, Fates, PastRun, Plan, Trouble, plan
from towpath.training.domain.retraining.alerts import Alerts
from towpath.training.domain.retraining.labels import NewDocuments
from towpath.training.domain.retraining.policy import FAILING, HUNG, LABELS, RETRY_S, earliest
from towpath.v1 import Alert, AlertState, ModelRelease, Rollout, RolloutMode, RolloutOutcome

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_800_000_000.0
POLICY = Retraining(
    new_annotated_documents=20,
    causes=("drift/", "performance/cost"),
    run_cost=10.0,
    expected_documents=1_000,
    min_new_documents=5,
    cooldown="1d",
    max_failures=3,
)
FIRING, ACKNOWLEDGED, RESOLVED = (
    AlertState.ALERT_STATE_FIRING,
    AlertState.ALERT_STATE_ACKNOWLEDGED,
    AlertState.ALERT_STATE_RESOLVED,
)
Outcome = Literal["released", "refused", "failed", "given up"]


def trouble(cause: str = "drift/embedding", harm: float = 50.0, **more: object) -> Trouble:
    return replace(Trouble(f"alr-{cause}", cause, harm, NOW - HOUR), **more)  # type: ignore[arg-type]


def ended(outcome: Outcome, hours_ago: float, number: int = 1, **more: object) -> PastRun:
    at = NOW - hours_ago * HOUR
    status: Literal["succeeded", "failed"] = "succeeded" if outcome in ("released", "refused") else "failed"
    made = PastRun(f"run-{number:x}", status, at - HOUR / 2, at, ("drift/embedding",), ("alr-drift/embedding",))
    return replace(made, released=outcome == "released", given_up=outcome == "given up", **more)  # type: ignore[arg-type]


def planned(*troubles: Trouble, runs: tuple[PastRun, ...] = (), new: int = 10, policy: Retraining = POLICY) -> Plan:
    return plan(policy, Facts(troubles, runs, new, "EUR"), NOW)


def test_an_alert_that_is_worth_it_starts_a_run_in_its_trace() -> None:
    made = planned(trouble(trace_id="ab" * 16))
    assert made.start is not None
    assert (made.start.causes, made.start.alert_ids) == (("drift/embedding",), ("alr-drift/embedding",))
    assert made.start.trace_id == "ab" * 16
    assert "50 EUR more per 1,000 documents are 50 EUR over 1,000, and a run costs 10" in made.start.reason
    assert not made.told, "it is told once the run is there"


def test_what_costs_less_than_a_run_is_told_so_and_starts_none() -> None:
    made = planned(trouble(harm=9.9))
    assert made.start is None
    assert [each.reason[:20] for each in made.told] == ["not worth a run: 9.9"]
    assert planned(trouble(harm=9.9, decided=True)) == Plan(), "told once"
    assert planned(trouble(harm=0.0), policy=POLICY.model_copy(update={"run_cost": 0.0})).start is None, "benign"


def test_causes_that_the_policy_does_not_name_are_none_of_its_business() -> None:
    assert planned(trouble("service/lag"), trouble("performance/cost-of-another"), trouble("drifting/x")) == Plan()
    assert planned(trouble("performance/cost")).start is not None


def test_two_alarms_at_once_are_one_run_that_names_both() -> None:
    made = planned(trouble(), trouble("drift/length"), new=25)
    assert made.start is not None
    assert made.start.causes == ("drift/embedding", "drift/length", "labels")
    assert made.start.alert_ids == ("alr-drift/embedding", "alr-drift/length")
    assert "25 newly annotated documents, 20 are the policy" in made.start.reason


def test_the_run_that_was_started_is_told_whoever_lives_to_tell_it() -> None:
    running = PastRun("run-1", "running", NOW - 60, None, ("drift/embedding",), ("alr-drift/embedding",))
    made = planned(trouble(), runs=(running,))
    assert [(each.run_id, each.reason[:22]) for each in made.told] == [("run-1", "run run-1 started: 50 ")]
    assert (made.start, made.wait) == (None, None)
    assert not planned(trouble(decided=True, told_run="run-1"), runs=(running,)).told


def test_another_alert_of_a_cause_that_a_run_goes_on_for_joins_it() -> None:
    running = PastRun("run-1", "running", NOW - 2 * HOUR, None, ("drift/embedding",), ("alr-before",))
    made = planned(trouble(), trouble("drift/length"), runs=(running,))
    assert [each.reason for each in made.told] == [
        "run run-1 was going on for drift/embedding already: one cause, one run"
    ]
    assert made.wait is not None
    assert made.wait.causes == ("drift/length",), "another cause waits for the end of it"


def test_a_run_that_a_person_started_since_answers_an_alert_if_it_releases() -> None:
    since = ended("released", 0.1, causes=(), alert_ids=())
    made = planned(trouble(), runs=(since,))
    assert [each.reason for each in made.told] == ["run run-1 was started by a person since"]
    assert made.start is None
    assert planned(trouble(), runs=(ended("refused", 0.1, causes=(), alert_ids=()),)).start is not None


def test_too_few_labels_are_asked_for_with_the_command_that_gets_the_queue() -> None:
    made = planned(trouble(), new=2)
    assert made.start is None
    (call,) = made.calls
    assert (call.cause, call.severity, dict(call.evidence)) == (LABELS, "info", {"wanted": 5.0, "have": 2.0})
    assert "3 more annotated documents" in call.summary
    assert call.command == "towpath labels next --count 3 -o next.ndjson"


def test_after_a_release_the_next_cause_waits_for_the_cooldown() -> None:
    other = trouble("drift/length")
    made = planned(other, runs=(ended("released", 23.9),))
    assert made.start is None
    assert made.wait is not None
    assert made.wait.until == pytest.approx(NOW + 0.1 * HOUR)
    assert planned(other, runs=(ended("released", 24.1),)).start is not None
    assert planned(other, runs=(ended("released", 1, causes=(), alert_ids=()),)).start is not None, "a person's"


@pytest.mark.parametrize(("refusals", "hours"), [(1, 48), (2, 96)])
def test_a_gate_that_keeps_refusing_backs_off(refusals: int, hours: float) -> None:
    before = tuple(ended("refused", 300 + n, n + 2) for n in range(refusals - 1))
    told = trouble(decided=True, told_run="run-1", raised_at=NOW - 5000 * HOUR)
    assert planned(told, runs=(ended("refused", hours - 0.1), *before)).start is None
    assert planned(told, runs=(ended("refused", hours + 0.1), *before)).start is not None


def test_after_many_failures_a_person_is_asked_until_one_starts_a_run() -> None:
    told = trouble(decided=True, told_run="run-1", raised_at=NOW - 5000 * HOUR)
    failures = tuple(ended(each, 1000 * (n + 1), n + 1) for n, each in enumerate(["refused", "failed", "refused"]))  # type: ignore[arg-type]
    made = planned(told, runs=failures)
    assert made.start is None
    assert [(each.cause, each.severity) for each in made.calls] == [(FAILING, "warning")]
    assert "3 runs by itself without a release, the last run-1" in made.calls[0].summary
    looked = ended("refused", 10, 9, causes=(), alert_ids=())
    again = planned(told, runs=(looked, *failures))
    assert not again.calls
    assert again.start is not None


def test_a_run_that_failed_before_the_gate_is_tried_again_soon_and_later_each_time() -> None:
    told, minute = trouble(decided=True, told_run="run-1", raised_at=NOW - 5000 * HOUR), 1 / 60
    assert planned(told, runs=(ended("failed", 0.9 * minute),)).start is None
    assert planned(told, runs=(ended("failed", 1.1 * minute),)).start is not None
    twice = (ended("failed", 1.9 * minute), ended("failed", 1, 2))
    assert planned(told, runs=twice).start is None
    assert earliest(POLICY, Facts((), twice, 0, "EUR")) == pytest.approx(NOW - 1.9 * 60 + 2 * RETRY_S)


def test_a_run_that_was_given_up_is_told_until_another_ends() -> None:
    assert [each.cause for each in planned(runs=(ended("given up", 1),)).calls] == [HUNG]
    assert not planned(runs=(ended("released", 0.5, 2), ended("given up", 1))).calls


def test_a_schedule_starts_a_run_where_there_are_labels_for_one() -> None:
    monthly = POLICY.model_copy(update={"every": "30d"})
    runs = (ended("released", 24 * 30 + 1, causes=(), alert_ids=()),)
    made = planned(runs=runs, policy=monthly)
    assert made.start is not None
    assert made.start.causes == ("schedule",)
    assert planned(runs=(ended("released", 24 * 29, causes=(), alert_ids=()),), policy=monthly) == Plan()
    assert [each.cause for each in planned(runs=runs, policy=monthly, new=1).calls] == [LABELS]


# ---------------------------------------------------------------------- what is taken back later
def test_a_release_that_is_taken_back_later_answers_nothing_and_counts_as_refused_from_then_on() -> None:
    told = trouble(decided=True, told_run="run-1", raised_at=NOW - 5000 * HOUR)
    run = ended("released", 500)
    assert planned(told, runs=(run,)) == Plan()
    lost = replace(run, released=False, lost_at=NOW - 47 * HOUR)
    made = planned(told, runs=(lost,))
    assert made.wait is not None
    assert (made.wait.causes, made.wait.until) == (("drift/embedding",), NOW + HOUR), "a doubled cooldown since it"
    assert planned(told, runs=(replace(lost, lost_at=NOW - 49 * HOUR),)).start is not None
    made = planned(told, runs=(lost,), policy=POLICY.model_copy(update={"max_failures": 1}))
    assert [dict(each.evidence) for each in made.calls] == [{"failures": 1.0, "refused": 0.0, "taken_back": 1.0}]


@pytest.mark.parametrize("outcome", ["refused", "taken back"])
def test_a_persons_run_that_came_to_nothing_answers_nothing(outcome: str) -> None:
    """It was told while the run went on, or had released."""
    told = trouble(decided=True, told_run="run-1")
    going_on = PastRun("run-1", "running", NOW - 60, None)
    assert planned(told, runs=(going_on,)) == Plan()
    over = replace(going_on, status="succeeded", ended_at=NOW - 30, lost_at=NOW - 10 if outcome != "refused" else None)
    assert planned(told, runs=(over,)).start is not None
    assert planned(told, runs=()) == Plan(), "a run that nobody knows any more"


NAMES = ("rel-1", "rel-2", "rel-3")


def released(name: str, before: str = "") -> ModelRelease:
    return ModelRelease(release_id=name, model_name="m", previous_release_id=before)


def rollout(name: str, outcome: int = 0, reason: str = "") -> Rollout:
    mode = RolloutMode.ROLLOUT_MODE_ENDED if outcome else RolloutMode.ROLLOUT_MODE_CANARY
    made = Rollout(rollout_id=f"rol-{name}", model_name="m", mode=mode, outcome=outcome, reason=reason)  # type: ignore[arg-type]
    made.challenger.release_id = name
    return made


def taken_back(*said: ModelRelease | Rollout) -> list[str]:
    """Of what is told in that order: which releases, whichever topic is read first."""
    found = []
    for first in (ModelRelease, Rollout):
        fates = Fates("m")
        for at, each in sorted(enumerate(said, start=1), key=lambda pair: not isinstance(pair[1], first)):
            if isinstance(each, ModelRelease):
                fates.reigns(each, float(at))
            else:
                fates.tried(each, float(at))
        runs = [PastRun(f"run-{name}", "succeeded", 0.0, 0.5, released=True, release_id=name) for name in NAMES]
        found.append([run.release_id for run in map(fates.told, runs) if not run.released])
    assert found[0] == found[1]
    return found[0]


PROMOTED, BACK = RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED, RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK


def test_a_challenger_is_taken_back_by_its_rollout_and_there_again_when_it_is_tried_again() -> None:
    champion, tried = released("rel-1"), rollout("rel-2")
    assert taken_back(champion, tried) == []
    assert taken_back(champion, tried, rollout("rel-2", BACK)) == ["rel-2"]
    assert taken_back(champion, tried, rollout("rel-2", BACK), rollout("rel-2")) == []
    assert taken_back(champion, tried, released("rel-2", "rel-1"), rollout("rel-2", PROMOTED)) == []
    by_hand = released("rel-2", "rel-1")
    assert taken_back(champion, tried, rollout("rel-2", BACK), by_hand) == [], "a person made it reign all the same"


def test_a_release_that_reigned_is_taken_back_when_the_one_before_reigns_again() -> None:
    one, two, three = released("rel-1"), released("rel-2", "rel-1"), released("rel-3", "rel-2")
    assert taken_back(one, two) == []
    assert taken_back(one, two, one) == ["rel-2"]
    assert taken_back(one, two, three) == [], "a newer one took its place"
    assert taken_back(one, two, one, two) == [], "and back again"
    other = released("rel-2", "rel-1")
    other.model_name = "another"
    assert taken_back(one, other, three) == ["rel-1"]


def test_what_a_newer_release_took_the_place_of_shares_its_fate() -> None:
    said = (released("rel-1"), rollout("rel-2"), rollout("rel-2", BACK, "replaced by rel-3"), rollout("rel-3"))
    assert taken_back(*said) == []
    assert taken_back(*said, rollout("rel-3", BACK)) == ["rel-2", "rel-3"]
    assert taken_back(*said, released("rel-3", "rel-1"), rollout("rel-3", PROMOTED)) == []


def test_versions_of_an_online_head_take_nothing_back() -> None:
    def version(n: int) -> ModelRelease:
        return ModelRelease(release_id=f"o-{n}", model_name="m", run_id=f"online-{n}", previous_release_id="rel-1")

    one = released("rel-1")
    assert taken_back(one, version(1), version(2), one, version(3), released("rel-2", "o-3")) == []
    assert taken_back(one, released("rel-2", "rel-1"), version(4)) == ["rel-2"], "it learns beside the one before"


# ---------------------------------------------------------------------- how it is told
def alert(state: int = FIRING, **more: object) -> Alert:
    made = Alert(
        alert_id="alr-1", objective="o", monitor="drift", cause="drift/embedding", state=state,  # type: ignore[arg-type]
        summary="s", extra_cost_per_thousand=50.0, evidence={"p": 0.001}, document_ids=["d1"], trace_id="ab" * 16,
    )  # fmt: skip
    made.created_at.FromSeconds(5)
    made.MergeFrom(Alert(**more))  # type: ignore[arg-type]
    return made


def test_an_acknowledgement_is_the_alert_itself_in_its_next_state() -> None:
    alerts = Alerts("o")
    alerts.take(alert(), 10.0)
    (made,) = alerts.messages(planned(trouble(alert_id="alr-1", harm=1.0)).told, (), NOW)
    assert (made.state, made.actor, made.reason[:15]) == (ACKNOWLEDGED, "training", "not worth a run")
    made.ClearField("reason")
    assert made == alert(ACKNOWLEDGED, actor="training")


def test_what_is_over_stays_over_whatever_comes_late() -> None:
    alerts = Alerts("o")
    for state, more in ((FIRING, {}), (RESOLVED, {}), (ACKNOWLEDGED, {"actor": "training", "reason": "late"})):
        alerts.take(alert(state, **more), 10.0)
    assert alerts.troubles(NOW) == []


def test_what_gets_worse_after_its_run_is_decided_upon_anew() -> None:
    alerts = Alerts("o")
    alerts.take(alert(), NOW - 5 * HOUR)
    alerts.take(alert(ACKNOWLEDGED, actor="training", reason="run run-1 started: x"), NOW - 4 * HOUR)
    before = ended("released", 2, alert_ids=("alr-1",))
    assert planned(*alerts.troubles(NOW), runs=(before,)) == Plan()
    alerts.take(alert(), NOW - HOUR)
    waits = planned(*alerts.troubles(NOW), runs=(before,)).wait
    assert waits is not None
    assert waits.until == NOW + 22 * HOUR
    going_on = replace(before, status="running", ended_at=None, released=False)
    assert [each.run_id for each in planned(*alerts.troubles(NOW), runs=(going_on,)).told] == ["run-1"], "told again"


def test_an_id_that_comes_round_again_is_another_alert() -> None:
    alerts = Alerts("o")
    for state in (FIRING, RESOLVED, FIRING):
        alerts.take(alert(state), 10.0)
    assert len(alerts.troubles(NOW)) == 1


def test_a_persons_acknowledgement_does_not_take_the_decision_from_training() -> None:
    alerts = Alerts("o")
    alerts.take(alert(), 10.0)
    alerts.take(alert(ACKNOWLEDGED, actor="ada"), 11.0)
    assert [(each.decided, each.raised_at) for each in alerts.troubles(NOW)] == [(False, 10.0)]
    alerts.take(alert(ACKNOWLEDGED, actor="training", reason="run run-1f started: x"), 12.0)
    alerts.take(alert(ACKNOWLEDGED, actor="ada"), 13.0)
    assert [(each.decided, each.told_run) for each in alerts.troubles(NOW)] == [(True, "run-1f")]


def test_a_silenced_cause_is_left_alone_until_the_silence_is_over() -> None:
    alerts, silence = Alerts("o"), alert(AlertState.ALERT_STATE_SILENCED, alert_id="sil", cause="drift/")
    silence.cause = "drift/"
    silence.until.FromSeconds(int(NOW))
    alerts.take(alert(), 10.0)
    alerts.take(silence, 11.0)
    assert alerts.troubles(NOW - 1) == []
    assert len(alerts.troubles(NOW + 1)) == 1
    silence.state = AlertState.ALERT_STATE_UNSILENCED
    alerts.take(silence, 12.0)
    assert len(alerts.troubles(NOW - 1)) == 1


def test_what_training_asks_for_is_told_once_and_taken_back_when_it_is_there() -> None:
    alerts, calls = Alerts("o"), planned(trouble(), new=0).calls
    (asked,) = alerts.messages((), calls, NOW)
    assert asked.summary.endswith(f"towpath labels next --count 5 -o next.ndjson --alert {asked.alert_id}")
    assert (asked.monitor, asked.cause, asked.state) == ("retraining", LABELS, FIRING)
    alerts.take(asked, NOW)
    assert alerts.messages((), calls, NOW + 1) == []
    (over,) = alerts.messages((), (), NOW + 2)
    assert (over.alert_id, over.state) == (asked.alert_id, RESOLVED)
    alerts.take(over, NOW + 2)
    assert alerts.messages((), (), NOW + 3) == []


def test_many_raters_of_one_document_are_one_new_document_and_new_once() -> None:
    labels = NewDocuments()
    for n in range(20):
        labels.annotated("doc-1", f"rater-{n}", 10.0 + n)
    labels.annotated("doc-2", "rater-1", 15.0)
    labels.annotated("doc-0", "rater-1", 12.0)
    assert [labels.since(at) for at in (0, 10.0, 11, 12.5, 15.1)] == [3, 3, 2, 1, 0]


def test_a_document_that_a_run_would_leave_out_is_not_new() -> None:
    labels = NewDocuments(raters=3)
    for n in range(20):
        labels.annotated("doc-1", f"rater-{n % 2}", 10.0 + n)
    assert (labels.since(0), set(labels.labelled)) == (0, set())
    labels.annotated("doc-1", "rater-2", 40.0)
    labels.annotated("doc-1", "rater-3", 50.0)
    assert (labels.since(40.0), labels.since(40.1), set(labels.labelled)) == (1, 0, {"doc-1"})


# ---------------------------------------------------------------------- as a state machine
class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """What outlives a process: the topic, the runs, the labels, and time."""

    now: float = NOW
    topic: list[tuple[Alert, float]] = field(default_factory=list)
    runs: list[PastRun] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)

    def facts(self, alerts: Alerts) -> Facts:
        facts = Facts(alerts.troubles(self.now), self.runs, 0, "EUR")
        since = facts.last_look.began_at if facts.last_look else 0.0
        return replace(facts, new_documents=sum(at >= since for at in self.labels))

    def end(self, outcome: Outcome) -> None:
        status: Literal["succeeded", "failed"] = "succeeded" if outcome in ("released", "refused") else "failed"
        self.runs = [
            run
            if run.ended
            else replace(
                run,
                status=status,
                ended_at=self.now,
                released=outcome == "released",
                given_up=outcome == "given up",
            )
            for run in self.runs
        ]

    def start(self, causes: tuple[str, ...], alert_ids: tuple[str, ...]) -> None:
        assert all(run.ended for run in self.runs), "never two runs at once"
        for run in self.runs:
            if causes and run.by_itself and run.status == "succeeded" and run.ended_at is not None:
                assert self.now >= run.settled_at + DAY, "never within the cooldown"
        self.runs = [PastRun(f"run-{next(self.numbers):x}", "running", self.now, None, causes, alert_ids), *self.runs]


class Loop(RuleBasedStateMachine):
    """Alerts come and go, labels come, runs end in all ways, people train, time passes, the process is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.policy = World(), POLICY
        self.alerts = Alerts("o")

    @initialize(every=st.sampled_from([None, "30d"]), failures=st.integers(1, 3))
    def policies(self, every: str | None, failures: int) -> None:
        self.policy = POLICY.model_copy(update={"every": every, "max_failures": failures})

    def life(self, kill_at: int = 99) -> None:
        """Until nothing is to be done; or killed at the `kill_at`-th thing that it does, and born again."""
        left = kill_at
        try:
            for _ in range(10):
                left = self.step(left)
        except Killed:
            self.alerts = Alerts("o")
            for message, at in self.world.topic:
                self.alerts.take(message, at)
            self.world.end("failed")  # one that it left unfinished

    def step(self, left: int) -> int:
        made = plan(self.policy, self.world.facts(self.alerts), self.world.now)
        for message in self.alerts.messages(made.told, made.calls, self.world.now):
            left = self.does(left)
            self.world.topic.append((message, self.world.now))
            self.alerts.take(message, self.world.now)
        if made.start is not None:
            left = self.does(left)
            self.world.start(made.start.causes, made.start.alert_ids)
        return left

    @staticmethod
    def does(left: int) -> int:
        if left == 0:
            raise Killed
        return left - 1

    def write(self, message: Alert) -> None:
        self.world.topic.append((message, self.world.now))
        self.alerts.take(message, self.world.now)

    @rule(cause=st.sampled_from(["drift/a", "drift/b", "performance/cost"]), harm=st.sampled_from([0.0, 9.0, 50.0]))
    def a_monitor_raises(self, cause: str, harm: float) -> None:
        if cause in {each.cause for each in self.alerts.troubles(self.world.now)}:
            return
        number = next(self.world.numbers)
        made = Alert(alert_id=f"alr-{number}", objective="o", monitor="m", cause=cause, state=FIRING)
        made.extra_cost_per_thousand = harm
        self.write(made)

    @rule(which=st.integers(0, 2))
    def a_monitor_resolves(self, which: int) -> None:
        found = self.alerts.troubles(self.world.now)
        if which < len(found):
            each = found[which]
            self.write(Alert(alert_id=each.alert_id, objective="o", monitor="m", cause=each.cause, state=RESOLVED))

    @rule(documents=st.integers(1, 12))
    def people_annotate(self, documents: int) -> None:
        self.world.labels += [self.world.now] * documents

    @rule(outcome=st.sampled_from(["released", "refused", "failed", "given up"]))
    def the_run_ends(self, outcome: Outcome) -> None:
        self.world.end(outcome)

    @rule()
    def the_challenger_is_lost(self) -> None:
        last = next((run for run in self.world.runs if run.released), None)
        if last is not None:
            lost = replace(last, released=False, lost_at=self.world.now)
            self.world.runs = [lost if run is last else run for run in self.world.runs]

    @rule()
    def a_person_trains(self) -> None:
        if all(run.ended for run in self.world.runs):
            self.world.start((), ())

    @rule(hours=st.sampled_from([0.02, 1.0, 25.0, 100.0, 750.0]))
    def time_passes(self, hours: float) -> None:
        self.world.now += hours * HOUR

    @rule()
    def training_looks(self) -> None:
        self.life()

    @rule(kill_at=st.integers(0, 4))
    def training_is_killed(self, kill_at: int) -> None:
        self.life(kill_at)

    @invariant()
    def nothing_is_told_twice(self) -> None:
        told = [(each.alert_id, each.reason) for each, _ in self.world.topic if each.actor == "training"]
        told = [each for each in told if each[1]]
        assert len(told) == len(set(told))

    @invariant()
    def a_new_process_would_know_the_same(self) -> None:
        other = Alerts("o")
        for message, at in self.world.topic:
            other.take(message, at)
        assert other.troubles(self.world.now) == self.alerts.troubles(self.world.now)
        assert other.asked() == self.alerts.asked()

    def teardown(self) -> None:
        """In the end every open cause gets a decision, if people do what they are asked for."""
        for _ in range(12):
            self.world.end("released")
            self.life()
            made = plan(self.policy, self.world.facts(self.alerts), self.world.now)
            if made.wait is None and all(run.ended for run in self.world.runs):
                break
            asked = {each.cause for each in made.calls}
            if LABELS in asked:
                self.world.labels += [self.world.now] * 5
            elif FAILING in asked:
                self.world.start((), ())
            elif made.wait is not None and made.wait.until is not None:
                self.world.now = made.wait.until
        assert all(each.decided for each in self.alerts.troubles(self.world.now))
        # What failed is told until somebody has looked, also where nothing waits for it any more.
        assert {each.cause for each in self.alerts.asked()} <= {HUNG, FAILING}


Loop.TestCase.settings = settings(max_examples=500, stateful_step_count=40, deadline=None, derandomize=True)
TestLoop = Loop.TestCase
