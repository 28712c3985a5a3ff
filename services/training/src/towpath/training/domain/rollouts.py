"""How releases come to reign: the state machine of rollouts. Pure: it says what to write, others write it.

    nothing ── shadow ──┬── canary ──┬── ended, promoted: the challenger reigns
                        └────────────┴── ended, rolled back: the champion reigns on

One challenger at a time. What cannot be done is an error that says what can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from towpath.core.errors import ConflictError, NotFoundError, RejectedError
from towpath.core.objective.parts import Rollout as Rule
from towpath.v1 import ModelRelease, Rollout, RolloutMode, RolloutOutcome

__all__ = [
    "Change",
    "Decision",
    "Mode",
    "State",
    "begin",
    "go_back",
    "promote",
    "released",
    "repaired",
    "replaced_by",
]

Mode = Literal["shadow", "canary"]
_MODES: dict[str, RolloutMode] = {
    "shadow": RolloutMode.ROLLOUT_MODE_SHADOW,
    "canary": RolloutMode.ROLLOUT_MODE_CANARY,
}
_REPLACED = "replaced by "
_PROMOTED, _ROLLED_BACK = RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED, RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK


@dataclass(frozen=True)
class State:
    """What Kafka says of a model: `reigning` is the last on `models`, `last` the last on `rollouts`.

    `known`: releases that can be tried or gone back to, by id, the oldest first.
    """

    reigning: ModelRelease | None = None
    last: Rollout | None = None
    known: Mapping[str, ModelRelease] = field(default_factory=dict)

    @property
    def running(self) -> Rollout | None:
        return self.last if self.last is not None and self.last.mode in _MODES.values() else None

    def release(self, release_id: str) -> ModelRelease:
        """Raises NotFoundError."""
        try:
            return self.known[release_id]
        except KeyError:
            raise NotFoundError(
                f"no release {release_id!r} is known: `towpath release list` (GET /v1/releases) names those that are"
            ) from None

    def after(self, change: Change) -> State:
        """Once `change` is written."""
        last = change.rollouts[-1] if change.rollouts else self.last
        return replace(self, reigning=change.release or self.reigning, last=last)


@dataclass(frozen=True)
class Decision:
    """Who decided what, when, on what evidence."""

    at: datetime
    actor: str
    reason: str
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What to write: `release` to `models`, then `rollouts`; `told` says it in words."""

    told: str
    release: ModelRelease | None = None
    rollouts: tuple[Rollout, ...] = ()

    @property
    def writes(self) -> bool:
        return self.release is not None or bool(self.rollouts)


def begin(
    state: State, challenger: ModelRelease | None, mode: Mode, share: float, by: Decision, *, rollout_id: str
) -> Change:
    """Try `challenger` (None: the one that is tried already) beside the champion, or go on with it in another mode.

    Args:
        share: of the documents that it answers in a canary, between 0 and 1.
        rollout_id: of the rollout, where a new one begins.

    Raises:
        RejectedError: no such share.
        ConflictError: nothing reigns, it reigns itself, or another one is tried.
    """
    share = _checked(share) if mode == "canary" else 0.0
    running = state.running
    if challenger is None:
        if running is None:
            raise ConflictError(f"no rollout runs: say which release is to be tried, `towpath release {mode} RELEASE`")
        challenger = running.challenger
    if state.reigning is None:
        raise ConflictError("no release reigns that one could be tried beside: the next that passes its gate will")
    if challenger.release_id == state.reigning.release_id:
        raise ConflictError(f"{challenger.release_id} reigns already: there is nothing to compare it with")
    if running is not None and running.challenger.release_id != challenger.release_id:
        raise ConflictError(
            f"{running.challenger.release_id} is being tried: promote it or roll it back before another one is"
        )
    if running is None:
        running = _new(rollout_id, challenger, state.reigning, by)
    elif (running.mode, running.share) == (_MODES[mode], share):
        return Change(f"{challenger.release_id} is tried {_words(mode, share)} already")
    return Change(
        f"{challenger.release_id} is tried {_words(mode, share)} beside {state.reigning.release_id}",
        rollouts=(_stepped(running, _MODES[mode], share, by),),
    )


def promote(state: State, by: Decision) -> Change:
    """The challenger reigns. Raises ConflictError when none is tried."""
    running = state.running
    if running is None:
        raise ConflictError("no rollout runs: begin one with `towpath release shadow RELEASE` or `… canary RELEASE`")
    release = reigns_after(running.challenger, state.reigning)
    told = f"{release.release_id} reigns, in the place of {release.previous_release_id or 'none'}"
    return Change(told, release, (_ended(running, _PROMOTED, by),))


def go_back(state: State, to: ModelRelease | None, by: Decision) -> Change:
    """End the rollout; where none runs, the release before reigns again; with `to`, that one reigns again.

    What is gone back from is not remembered as `previous`: going back never leads forward.

    Raises:
        ConflictError: nothing to go back to, or `to` reigns or is being tried.
    """
    running, reigning = state.running, state.reigning
    if running is not None and to is None:
        champion = reigning.release_id if reigning is not None else "none"
        told = f"{running.challenger.release_id} is no longer tried: {champion} reigns on"
        return Change(told, rollouts=(_ended(running, _ROLLED_BACK, by),))
    if to is None:
        to = _before(reigning)
    if reigning is not None and to.release_id == reigning.release_id:
        raise ConflictError(f"{to.release_id} reigns already: there is nothing to change")
    if running is not None and to.release_id == running.challenger.release_id:
        raise ConflictError(f"{to.release_id} is being tried: `towpath release promote` makes it reign")
    release = ModelRelease()
    release.CopyFrom(to)
    release.ClearField("previous")
    told = f"{release.release_id} reigns again" + (f", {reigning.release_id} no longer" if reigning else "")
    ended = () if running is None else (_ended(running, _ROLLED_BACK, by),)
    return Change(told, release, ended)


def released(state: State, release: ModelRelease, rule: Rule, by: Decision, *, rollout_id: str) -> Change:
    """A run's release passed its gate: it reigns, or is tried, as the objective says.

    One that is tried makes room: the newer was gated against the same champion, on more data, and what has been seen of
    the older is of no use to it. The first release reigns at once, as there is nothing to compare it with.
    """
    running = state.running
    if state.reigning is not None and state.reigning.release_id == release.release_id:
        return Change(f"{release.release_id} reigns already")
    same = running is not None and running.challenger.release_id == release.release_id
    if state.reigning is None or rule.start == "at-once":
        reigning = reigns_after(release, state.reigning)
        ended = (
            () if running is None else (_ended(running, _PROMOTED, by) if same else _replaced(running, release, by),)
        )
        return Change(f"{release.release_id} is on models", reigning, ended)
    if same:
        return Change(f"{release.release_id} is being tried already")
    makes_room = () if running is None else (_replaced(running, release, by),)
    free = state.after(Change("", rollouts=makes_room))
    change = begin(free, release, rule.start, rule.share, by, rollout_id=rollout_id)
    return replace(change, rollouts=(*makes_room, *change.rollouts))


def repaired(state: State, at: datetime) -> Change | None:
    """What a process did not come to write that ended between the two topics; None where all is well."""
    running, reigning = state.running, state.reigning
    if running is None or reigning is None or reigning.release_id == running.champion_release_id:
        return None
    if reigning.release_id == running.challenger.release_id:
        by = Decision(at, "training", "it reigns: that it was promoted had not been written down")
        return Change(f"{reigning.release_id} was promoted", rollouts=(_ended(running, _PROMOTED, by),))
    why = f"{running.champion_release_id}, which it was compared with, no longer reigns"
    by = Decision(at, "training", why)
    told = f"{running.challenger.release_id} is no longer tried: {why}"
    return Change(told, rollouts=(_ended(running, _ROLLED_BACK, by),))


def replaced_by(rollout: Rollout) -> str:
    """Id of the release that took the challenger's place in an ended rollout; empty where none did."""
    ended_so = rollout.mode == RolloutMode.ROLLOUT_MODE_ENDED and rollout.reason.startswith(_REPLACED)
    return rollout.reason.removeprefix(_REPLACED) if ended_so else ""


def reigns_after(release: ModelRelease, before: ModelRelease | None) -> ModelRelease:
    """`release` as it is told on `models`, with what reigned before it; what was before that is left out."""
    made = ModelRelease()
    made.CopyFrom(release)
    made.ClearField("previous")
    made.previous_release_id = before.release_id if before is not None else ""
    if before is not None:
        made.previous.CopyFrom(before)
        made.previous.ClearField("previous")
    return made


def _before(reigning: ModelRelease | None) -> ModelRelease:
    if reigning is None:
        raise ConflictError("no release reigns, and none is tried: there is nothing to go back from")
    if not reigning.HasField("previous"):
        raise ConflictError(
            f"no rollout runs, and nothing is known to go back to from {reigning.release_id}: name a release, "
            "`towpath release rollback RELEASE` (`towpath release list` shows them)"
        )
    return reigning.previous


def _checked(share: float) -> float:
    if not 0 < share < 1:
        raise RejectedError(
            f"{share:g} of the documents leave one of the two nothing to answer: between 0 and 1", where="share"
        )
    return share


def _new(rollout_id: str, challenger: ModelRelease, champion: ModelRelease, by: Decision) -> Rollout:
    made = Rollout(rollout_id=rollout_id, model_name=champion.model_name, champion_release_id=champion.release_id)
    made.challenger.CopyFrom(challenger)
    made.challenger.ClearField("previous")
    made.created_at.FromDatetime(by.at)
    return made


def _stepped(rollout: Rollout, mode: RolloutMode, share: float, by: Decision) -> Rollout:
    made = Rollout()
    made.CopyFrom(rollout)
    made.mode, made.share, made.actor, made.reason = mode, share, by.actor, by.reason
    made.updated_at.FromDatetime(by.at)
    made.evidence.clear()
    made.evidence.update(by.evidence)
    return made


def _ended(rollout: Rollout, outcome: RolloutOutcome, by: Decision) -> Rollout:
    made = _stepped(rollout, RolloutMode.ROLLOUT_MODE_ENDED, rollout.share, by)
    made.outcome = outcome
    return made


def _replaced(running: Rollout, release: ModelRelease, by: Decision) -> Rollout:
    return _ended(running, _ROLLED_BACK, replace(by, reason=f"{_REPLACED}{release.release_id}", evidence={}))


def _words(mode: Mode, share: float) -> str:
    return "as shadow" if mode == "shadow" else f"on {share:.4g} of the documents"
