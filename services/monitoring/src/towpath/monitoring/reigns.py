"""What is watched of one release while it reigns: from messages to columns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.columns import Columns, Seen, columns, reference_columns
from towpath.monitoring.domain.drift.harm import Prices
from towpath.monitoring.domain.drift.scores import watched
from towpath.monitoring.domain.drift.watching import Watching
from towpath.v1 import Decision, Prediction, Reference

__all__ = ["Reign", "Waiting", "waiting"]

_log = structlog.get_logger(__name__)
_ASK = Decision.DECISION_ASK_PERSON


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document until it is its turn.

    `tie` and `place` (of documents made at once) are 0 to 1: chance, and the same whenever the document is read.
    `trial`: it may be a challenger's answer.
    """

    tie: float
    place: float
    release_id: str
    trial: bool
    seen: Seen

    @property
    def order(self) -> tuple[float, float]:
        return self.seen.at, self.place


class Reign:
    """Of a release, by its `reference`; made of it when the first document comes, if ever."""

    def __init__(self, reference: Reference | None, objective: Objective, budget: Budget) -> None:
        self._reference, self._objective, self._budget = reference, objective, budget
        self._reigned, self._width = False, 0
        self._watchings: list[Watching] | None = None

    @property
    def watchings(self) -> list[Watching]:
        if self._watchings is None:
            self._watchings = [] if self._reference is None else self._made(self._reference)
            self._reference = None
        return self._watchings

    def step(self, documents: Sequence[Waiting]) -> None:
        """In their order. A challenger's answers are not watched: it reigns from its first one in no trial."""
        taken = []
        for each in documents:
            self._reigned = self._reigned or not each.trial
            if self._reigned:
                taken.append(each)
        if not taken or not self.watchings:
            return
        made = columns([each.seen for each in taken], self._width, len(self._objective.classes))
        ids, at = [each.seen.document_id for each in taken], np.array([each.seen.at for each in taken])
        ties = np.array([each.tie for each in taken])
        for one in self.watchings:
            one.step(made, ids, at, ties)

    def _made(self, reference: Reference) -> list[Watching]:
        try:
            found = _columns(reference, self._objective)
        except ValueError as error:
            _log.warning("monitoring.reference_unusable", reason=str(error)[:300])
            return []
        self._width = found.sketches.shape[1]
        try:
            prices = Prices(self._objective.costs, found.cost)
        except ValueError:
            prices = None
        return [
            Watching(each, prices, self._budget.share(f"drift/{each.name}") / self._budget.period_s)
            for each in watched(found, self._objective.classes)
        ]


def waiting(message: Prediction, objective: Objective, now: float) -> Waiting:
    """What is kept of a prediction that was read at `now`, before which it was made, whatever its clock says."""
    said, read, made, classes = message.class_decision, message.input, message.created_at, objective.classes
    told = {each.label: each.probability for each in said.probabilities}
    every = len(told) == len(classes) and all(name in told for name in classes)
    seen = Seen(
        at=min(now, made.seconds + made.nanos / 1e9) if message.HasField("created_at") else now,
        document_id=message.document_id,
        cost=said.expected_cost,
        asked=said.decision == _ASK,
        probabilities=tuple(told[name] for name in classes) if every else (),
        sketch=read.sketch if message.HasField("input") else None,
        tokens=read.tokens,
        unknown=read.unknown_tokens,
    )
    # A shadow's champion answers; in a canary it may be either's.
    trial = bool(message.rollout_id) and not message.HasField("shadow")
    return Waiting(*_chances(message.document_id), message.release_id, trial, seen)


def _columns(reference: Reference, objective: Objective) -> Columns:
    """Raises ValueError for a reference that is not one of the objective's; says which part."""
    if reference.classes and tuple(reference.classes) != tuple(objective.classes):
        raise ValueError(f"classes: {', '.join(reference.classes)}; the objective's are {', '.join(objective.classes)}")
    return reference_columns(
        reference.documents,
        reference.sketches,
        reference.tokens,
        reference.unknown_tokens,
        reference.probabilities,
        objective.costs,
    )


def _chances(document_id: str) -> tuple[float, float]:
    """Two numbers that nobody could tell from independent and uniform on 0 to 1."""
    digest = hashlib.blake2b(document_id.encode("utf-8", "replace"), digest_size=16).digest()
    return int.from_bytes(digest[:8]) / 2.0**64, int.from_bytes(digest[8:]) / 2.0**64
