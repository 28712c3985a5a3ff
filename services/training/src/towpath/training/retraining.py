"""The use case of training by itself: what is known is held against the objective's policy, and what follows is done.

Nothing is remembered beside the topics and the runs: whatever a process did not come to do when it ended, the next one
finds undone. A run is written down before it is told, so that none is told that there is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from towpath.core.errors import ConflictError, ForbiddenError
from towpath.core.objective import Objective, load_objective
from towpath.core.stream import Broker, Codec
from towpath.training.adapters.past_runs import PastRuns
from towpath.training.adapters.unlabelled import Unlabelled
from towpath.training.domain.retraining import Call, Facts, Fates, Plan, Start, Told, plan
from towpath.training.domain.retraining.alerts import Alerts, Decided
from towpath.training.domain.retraining.labels import NewDocuments
from towpath.training.domain.retraining.policy import LABELS
from towpath.training.domain.retraining.wanted import wanted
from towpath.training.handlers import Trainer
from towpath.v1 import Alert, AlertState, ModelRelease, Rollout

__all__ = ["Retraining", "View"]

_log = structlog.get_logger(__name__)
_CLIENT = "towpath-training"
_SEND_LIMIT_S = 30.0


@dataclass(frozen=True)
class View:
    """What was so when it was looked last. `asked`: what training asks for itself."""

    at: float = 0.0
    facts: Facts = field(default_factory=lambda: Facts((), (), 0, ""))
    plan: Plan = field(default_factory=Plan)
    decisions: tuple[Decided, ...] = ()
    asked: tuple[Alert, ...] = ()


@dataclass
class Retraining:
    """`take` and `annotated` are told what the topics say, `step` acts upon it; one thread. `view` is for others."""

    trainer: Trainer
    broker: Broker
    codec: Codec
    topic: str
    unlabelled: Unlabelled
    now: Callable[[], float] = time.time
    view: View = field(default_factory=View)
    _labels: NewDocuments = field(default_factory=NewDocuments)
    _alerts: Alerts | None = None
    _fates: Fates | None = None
    _runs: PastRuns | None = None
    _read: tuple[tuple[int, int], Objective] | None = None

    def begin(self) -> None:
        """The topics are read from their start."""
        objective = self.objective()
        self._labels = NewDocuments(objective.contract.labels.min_raters_per_document)
        self._alerts, self._fates = Alerts(objective.name), Fates(objective.name)
        self._runs = PastRuns(self.trainer.store)

    def annotated(self, document_id: str, rater_id: str, at: float) -> None:
        self._labels.annotated(document_id, rater_id, at)

    def take(self, alert: Alert, at: float) -> None:
        """An alert as it was told `at`, in seconds since the epoch."""
        if self._alerts is not None:
            self._alerts.take(alert, at)

    def tried(self, rollout: Rollout, at: float) -> None:
        if self._fates is not None:
            self._fates.tried(rollout, at)

    def reigns(self, release: ModelRelease, at: float) -> None:
        if self._fates is not None:
            self._fates.reigns(release, at)

    def step(self, stop: threading.Event | None = None) -> None:
        """What is to be done now is done.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
            ObjectiveError: it has mistakes.
        """
        if self._alerts is None or self._runs is None:
            return
        objective, now = self.objective(), self.now()
        facts = self._facts(objective, self._alerts, self._runs, now)
        todo = plan(objective.contract.retraining, facts, now)
        calls = [self._with_documents(each, objective, self._alerts, stop) for each in todo.calls]
        self._tell(self._alerts, todo.told, calls, now)
        if todo.start is not None:
            self._start(todo.start)
        self._show(facts, todo, now)

    def objective(self) -> Objective:
        """Read again whenever the file has changed."""
        file = Path(self.trainer.settings.objective)
        about = file.stat() if file.exists() else None
        mark = (0, 0) if about is None else (about.st_mtime_ns, about.st_size)
        if self._read is None or self._read[0] != mark:
            self._read = (mark, load_objective(file))
        return self._read[1]

    def _facts(self, objective: Objective, alerts: Alerts, runs: PastRuns, now: float) -> Facts:
        known = runs.read() if self._fates is None else list(map(self._fates.told, runs.read()))
        facts = Facts(alerts.troubles(now), known, 0, objective.unit)
        last = facts.last_look
        new = self._labels.since(0.0 if last is None else last.began_at)
        return replace(facts, new_documents=new)

    def _with_documents(self, call: Call, objective: Objective, alerts: Alerts, stop: threading.Event | None) -> Call:
        """Labels are asked for once, and then with the documents where they would help most."""
        if call.cause != LABELS or any(each.cause == LABELS for each in alerts.asked()):
            return call
        missing = round(call.evidence["wanted"] - call.evidence["have"])
        try:
            found = self.unlabelled.read(self._labels.labelled, call.document_ids, objective, stop)
        except ForbiddenError as error:
            # Rights of before predictions were read: the command alone helps, too.
            _log.warning("training.labels_not_named", reason=str(error)[:500])
            return replace(call, document_ids=())
        return replace(call, document_ids=tuple(wanted(found, call.document_ids, objective, count=missing)))

    def _tell(self, alerts: Alerts, told: Sequence[Told], calls: Sequence[Call], now: float) -> None:
        made = alerts.messages(told, calls, now)
        if not made:
            return
        with self.broker.producer(client_id=_CLIENT) as producer:
            producer.send(
                [self.codec.encode(each, topic=self.topic, key=each.objective) for each in made],
                timeout_s=_SEND_LIMIT_S,
            )
        for each in made:
            alerts.take(each, now)
            _log.info("training.told", cause=each.cause, state=each.state, reason=each.reason or each.summary)
            if each.state == AlertState.ALERT_STATE_FIRING:
                self.trainer.metrics.decisions.labels("asked").inc()
        self.trainer.metrics.decisions.labels("not-worth").inc(sum(not each.run_id for each in told))

    def _start(self, start: Start) -> None:
        try:
            run = self.trainer.start(
                start.reason, causes=start.causes, alert_ids=start.alert_ids, trace_id=start.trace_id
            )
        except ConflictError:
            return  # somebody was faster, or the last one is just being put away: it is asked again
        self.trainer.metrics.decisions.labels("started").inc()
        _log.info("training.started", run_id=run.run_id, reason=start.reason, trace_id=run.trace_id)

    def _show(self, facts: Facts, todo: Plan, now: float) -> None:
        metrics = self.trainer.metrics
        metrics.new_documents.set(facts.new_documents)
        metrics.waiting.set(0 if todo.wait is None else len(todo.wait.causes))
        alerts = self._alerts
        if alerts is not None:
            self.view = View(now, facts, todo, tuple(alerts.decisions), tuple(alerts.asked()))
