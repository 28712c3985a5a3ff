"""The state machine of rollouts: whatever is asked in whatever order, one challenger, and a way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from towpath.core.errors import ConflictError, NotFoundError, RejectedError
from towpath.core.objective.parts import Rollout as Rule
from towpath.training.domain.rollouts import (
    Change,
    Decision,
    Mode,
    State,
    begin,
    go_back,
    promote,
    released,
    repaired,
)
from towpath.v1 import ModelRelease, Rollout, RolloutMode, RolloutOutcome

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BY = Decision(NOW, "ada", "to see")
IDS = [f"rel-{n}" for n in range(4)]
ENDED = RolloutMode.ROLLOUT_MODE_ENDED


def release(release_id: str, previous: ModelRelease | None = None) -> ModelRelease:
    made = ModelRelease(release_id=release_id, model_name="m", run_id=f"run-{release_id}", previous_release_id="")
    if previous is not None:
        made.previous.CopyFrom(previous)
        made.previous_release_id = previous.release_id
    return made


KNOWN = {each: release(each) for each in IDS}


def state(reigning: ModelRelease | None = None, last: Rollout | None = None) -> State:
    return State(reigning, last, KNOWN)


def tried(mode: Mode = "shadow", share: float = 0.1) -> State:
    """rel-1 beside rel-0."""
    before = state(release("rel-0"))
    return before.after(begin(before, KNOWN["rel-1"], mode, share, BY, rollout_id="rol-1"))


def start(how: Literal["at-once", "shadow", "canary"]) -> Rule:
    return Rule(start=how, share=0.2)


class Asked(RuleBasedStateMachine):
    """Anything in any order. What is refused changes nothing; what is written keeps the promises below."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.clock, self.rollouts = state(), NOW, list[Rollout]()

    def ask(self, change: Any) -> None:
        self.clock += timedelta(seconds=1)
        try:
            made: Change = change(Decision(self.clock, "ada", "to see"))
        except RejectedError:
            return
        if made.release is not None:
            assert not made.release.previous.HasField("previous")
        self.rollouts += made.rollouts
        self.state = self.state.after(made)

    @rule(of=st.sampled_from(IDS), how=st.sampled_from(["at-once", "shadow", "canary"]))
    def a_run_releases(self, of: str, how: Literal["at-once", "shadow", "canary"]) -> None:
        new = f"rol-{len(self.rollouts)}"
        self.ask(lambda by: released(self.state, KNOWN[of], start(how), by, rollout_id=new))

    @rule(
        of=st.one_of(st.none(), st.sampled_from(IDS)),
        mode=st.sampled_from(["shadow", "canary"]),
        share=st.floats(-1, 2),
    )
    def somebody_tries(self, of: str | None, mode: Mode, share: float) -> None:
        new, challenger = f"rol-{len(self.rollouts)}", None if of is None else KNOWN[of]
        self.ask(lambda by: begin(self.state, challenger, mode, share, by, rollout_id=new))

    @rule()
    def somebody_promotes(self) -> None:
        before, running = self.state.reigning, self.state.running
        self.ask(lambda by: promote(self.state, by))
        if running is not None and before is not None and self.state.reigning is not None:
            assert self.state.reigning.release_id == running.challenger.release_id
            assert self.state.reigning.previous.release_id == before.release_id
            assert self.state.reigning.previous_release_id == before.release_id

    @rule(to=st.one_of(st.none(), st.sampled_from(IDS)))
    def somebody_goes_back(self, to: str | None) -> None:
        self.ask(lambda by: go_back(self.state, None if to is None else KNOWN[to], by))

    @invariant()
    def one_challenger_at_a_time(self) -> None:
        open_ = set()
        for each in self.rollouts:
            if each.mode == ENDED:
                assert each.rollout_id in open_
                open_.discard(each.rollout_id)
            else:
                open_.add(each.rollout_id)
            assert len(open_) <= 1
        assert open_ == ({self.state.running.rollout_id} if self.state.running else set())

    @invariant()
    def what_runs_can_be_compared(self) -> None:
        running, reigning = self.state.running, self.state.reigning
        if running is None:
            return
        assert reigning is not None
        assert running.champion_release_id == reigning.release_id != running.challenger.release_id
        assert running.mode != RolloutMode.ROLLOUT_MODE_CANARY or 0 < running.share < 1

    @invariant()
    def nothing_is_left_to_repair(self) -> None:
        assert repaired(self.state, self.clock) is None


TestAskedInAnyOrder = Asked.TestCase
TestAskedInAnyOrder.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


def test_a_shadow_goes_on_as_canary_in_the_same_rollout_and_is_promoted() -> None:
    now = tried()
    assert now.running is not None
    assert now.running.mode == RolloutMode.ROLLOUT_MODE_SHADOW
    now = now.after(begin(now, None, "canary", 0.25, BY, rollout_id="rol-2"))
    assert (now.running.rollout_id, now.running.share) == ("rol-1", 0.25) if now.running else False
    change = promote(now, BY)
    assert change.release is not None
    assert (change.release.release_id, change.release.previous.release_id) == ("rel-1", "rel-0")
    (ended,) = change.rollouts
    assert (ended.mode, ended.outcome) == (ENDED, RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED)


def test_what_was_before_the_one_before_is_left_out() -> None:
    now = state(release("rel-1", release("rel-0")))
    now = now.after(begin(now, KNOWN["rel-2"], "canary", 0.1, BY, rollout_id="rol-1"))
    made = promote(now, BY).release
    assert made is not None
    assert made.previous.release_id == "rel-1"
    assert not made.previous.HasField("previous")
    assert made.previous.previous_release_id == "rel-0"  # its id is still told


def test_going_back_twice_says_that_there_is_nothing_further_unless_it_is_named() -> None:
    now = state(release("rel-1", release("rel-0")))
    now = now.after(go_back(now, None, BY))
    assert now.reigning is not None
    assert now.reigning.release_id == "rel-0"
    with pytest.raises(ConflictError, match="nothing is known to go back to from rel-0: name a release"):
        go_back(now, None, BY)
    assert go_back(now, now.release("rel-1"), BY).release == release("rel-1")


@pytest.mark.parametrize("how", ["at-once", "shadow", "canary"])
def test_the_first_release_reigns_at_once_whatever_the_objective_says(how: Any) -> None:
    change = released(state(), KNOWN["rel-1"], start(how), BY, rollout_id="rol-1")
    assert change.release is not None
    assert change.release.release_id == "rel-1"
    assert change.rollouts == ()


def test_a_release_is_tried_as_the_objective_says_and_makes_room_for_the_next() -> None:
    now = state(release("rel-0"))
    change = released(now, KNOWN["rel-1"], start("canary"), BY, rollout_id="rol-1")
    assert change.release is None
    assert change.rollouts[0].share == 0.2
    now = now.after(change)
    ended, begun = released(now, KNOWN["rel-2"], start("shadow"), BY, rollout_id="rol-2").rollouts
    assert (ended.rollout_id, ended.outcome, ended.reason) == (
        "rol-1",
        RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK,
        "replaced by rel-2",
    )
    assert (begun.rollout_id, begun.mode, begun.challenger.release_id) == (
        "rol-2",
        RolloutMode.ROLLOUT_MODE_SHADOW,
        "rel-2",
    )


def test_what_a_crash_left_between_the_two_topics_is_written_down() -> None:
    now = tried("canary")
    change = promote(now, BY)
    half = State(change.release, now.last, KNOWN)
    mended = repaired(half, NOW)
    assert mended is not None
    assert mended.release is None
    assert mended.rollouts[0].outcome == RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED
    assert half.after(mended).running is None
    other = repaired(State(release("rel-3"), now.last, KNOWN), NOW)
    assert other is not None
    assert other.rollouts[0].outcome == RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK
    assert "rel-0, which it was compared with, no longer reigns" in other.rollouts[0].reason


@pytest.mark.parametrize(
    ("asked", "kind", "told"),
    [
        (lambda: begin(state(), KNOWN["rel-1"], "shadow", 0.1, BY, rollout_id="r"), ConflictError, "no release reigns"),
        (
            lambda: begin(state(release("rel-1")), KNOWN["rel-1"], "shadow", 0.1, BY, rollout_id="r"),
            ConflictError,
            "rel-1 reigns already",
        ),
        (
            lambda: begin(tried(), KNOWN["rel-2"], "shadow", 0.1, BY, rollout_id="r"),
            ConflictError,
            "rel-1 is being tried: promote it or roll it back",
        ),
        (
            lambda: begin(state(release("rel-0")), KNOWN["rel-1"], "canary", 1.0, BY, rollout_id="r"),
            RejectedError,
            "share: 1 of the documents",
        ),
        (
            lambda: begin(state(release("rel-0")), None, "canary", 0.1, BY, rollout_id="r"),
            ConflictError,
            "no rollout runs: say which release",
        ),
        (lambda: promote(state(release("rel-0")), BY), ConflictError, "no rollout runs: begin one"),
        (lambda: go_back(state(), None, BY), ConflictError, "nothing to go back from"),
        (lambda: go_back(tried(), KNOWN["rel-1"], BY), ConflictError, "towpath release promote"),
        (lambda: state().release("rel-9"), NotFoundError, "towpath release list"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_can(asked: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        asked()
