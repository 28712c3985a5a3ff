"""The use cases of rollouts: a person, a run or monitoring decides, and it is written. All decisions are made here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from google.protobuf import json_format

from towpath.core.clock import utc_now
from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.ids import new_id
from towpath.core.objective import Objective, load_objective
from towpath.training.adapters.aliases import Aliases
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.store import RunStore
from towpath.training.domain.rollouts import Change, Decision, Mode, State, begin, go_back, promote, released, repaired
from towpath.training.domain.verdicts import heard
from towpath.training.settings import TrainingSettings
from towpath.v1 import Alert, ModelRelease

__all__ = ["RolloutControl"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RolloutControl:
    """Each of its methods reads what is on Kafka, decides, and writes, while nobody else does.

    All raise RetryableError when Kafka went away; what was written of a decision by then is repaired at the next.
    """

    releases: Releases
    store: RunStore
    settings: TrainingSettings
    aliases: Aliases
    now: Callable[[], datetime] = utc_now
    stop: threading.Event = field(default_factory=threading.Event)

    def state(self) -> tuple[str, State]:
        """The model's name, and what is so."""
        name = load_objective(self.settings.objective).name
        return name, self._read(name, self.stop)

    def begin(self, release_id: str | None, mode: Mode, share: float | None, reason: str, actor: str) -> Change:
        """Raises NotFoundError, ConflictError or RejectedError: what cannot be done, and what can."""
        if mode == "shadow" and share is not None:
            raise RejectedError(
                "a shadow predicts every document: leave the share out, or ask for a canary", where="share"
            )

        def decide(state: State, objective: Objective) -> Change:
            wanted = share if share is not None else objective.contract.delivery.rollout.share
            challenger = None if release_id is None else state.release(release_id)
            return begin(state, challenger, mode, wanted, self._by(actor, reason), rollout_id=new_id("rol"))

        return self._decide(decide)

    def promote(self, reason: str, actor: str) -> Change:
        """Raises ConflictError: no rollout runs."""
        return self._decide(lambda state, _: promote(state, self._by(actor, reason)))

    def go_back(self, release_id: str | None, reason: str, actor: str) -> Change:
        """Raises NotFoundError or ConflictError: there is nothing to go back to."""

        def decide(state: State, _: Objective) -> Change:
            to = None if release_id is None else state.release(release_id)
            return go_back(state, to, self._by(actor, reason))

        return self._decide(decide)

    def released(self, release: ModelRelease, stop: threading.Event) -> str:
        """A run's release passed its gate; returns what became of it, in words."""

        def decide(state: State, objective: Objective) -> Change:
            by = self._by("training", f"{release.run_id} passed its gate")
            return released(state, release, objective.contract.delivery.rollout, by, rollout_id=new_id("rol"))

        change = self._decide(decide, stop, crowns=False)
        return change.told if change.release is None else f"{change.told}, and {self.aliases.crown(change.release)}"

    def heard(self, alerts: Sequence[Alert], stop: threading.Event) -> None:
        """What monitoring says of rollouts, the oldest first: acted upon where it is about what runs now.

        Of many, as after a restart, most are of long ago: they are looked through at once, not one by one.
        """
        objective = load_objective(self.settings.objective)
        with self.releases.deciding:
            state = self._repaired(objective.name, stop)
        rule = objective.contract.delivery.rollout
        for alert in alerts:
            if alert.objective == objective.name and heard(state, alert, rule, self.now()) is not None:
                self._decide(partial(_by_verdict, alert, self.now()), stop)
                state = self._read(objective.name, stop)
            else:
                _log.info("training.verdict_ignored", alert_id=alert.alert_id, about=alert.release_id)

    def reconcile(self, stop: threading.Event) -> None:
        """What an earlier process left half written, and MLflow's aliases. Raises TowpathError."""
        name = load_objective(self.settings.objective).name
        with self.releases.deciding:
            state = self._repaired(name, stop)
        self.aliases.follow(name, state.reigning, state.running)

    def _decide(
        self,
        decide: Callable[[State, Objective], Change],
        stop: threading.Event | None = None,
        *,
        crowns: bool = True,
    ) -> Change:
        objective = load_objective(self.settings.objective)
        with self.releases.deciding:
            state = self._repaired(objective.name, stop or self.stop)
            change = decide(state, objective)
            if not change.writes:
                return change
            self._write(change)
        _log.info("training.decided", outcome=change.told)
        # Kafka first: it is the truth, and the aliases follow.
        self.aliases.follow(objective.name, change.release if crowns else None, state.after(change).running)
        return change

    def _repaired(self, name: str, stop: threading.Event) -> State:
        state = self._read(name, stop)
        change = repaired(state, self.now())
        if change is None:
            return state
        self._write(change)
        _log.warning("training.repaired", outcome=change.told)
        return state.after(change)

    def _write(self, change: Change) -> None:
        """In the trace of the run that made the release, however long ago, and whoever decides."""
        release = change.release or change.rollouts[-1].challenger
        try:
            trace_id = self.store.load(release.run_id).trace_id
        except (NotFoundError, ValueError):
            trace_id = ""  # a cold start, an online head's version, a run that nobody knows any more
        self.releases.write(change, trace_id)

    def _read(self, name: str, stop: threading.Event) -> State:
        return self.releases.state(name, stop, self._of_runs())

    def _of_runs(self) -> Iterable[ModelRelease]:
        for run in reversed(self.store.all()):
            if run.release is None:
                continue
            try:
                release = json_format.ParseDict(run.release, ModelRelease())
                if (reference := self.store.reference(run.run_id)) is not None:
                    release.reference.CopyFrom(reference)
                yield release
            except json_format.ParseError as error:
                _log.warning("training.release_unreadable", run_id=run.run_id, reason=str(error)[:300])

    def _by(self, actor: str, reason: str) -> Decision:
        return Decision(self.now(), actor, reason)


def _by_verdict(alert: Alert, at: datetime, state: State, objective: Objective) -> Change:
    # A person may have been faster.
    return heard(state, alert, objective.contract.delivery.rollout, at) or Change("it is not about what runs now")
