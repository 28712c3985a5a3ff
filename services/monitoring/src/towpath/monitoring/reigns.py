"""What is watched of one release while it reigns: from messages to columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import structlog

from towpath.core.objective import Objective
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.chance import chances_of
from towpath.monitoring.domain.drift.columns import Columns, columns, reference_columns
from towpath.monitoring.domain.drift.harm import Prices
from towpath.monitoring.domain.drift.scores import watched
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.domain.reading import Reading
from towpath.v1 import Reference

__all__ = ["Reign", "Waiting", "waiting"]

_log = structlog.get_logger(__name__)


class Waiting(NamedTuple):
    """A document until it is its turn: by `at`, when it was made, and by `place` among documents made at once.

    `place` and `tie` are 0 to 1: chance, and the same whenever the document is read.
    """

    at: float
    place: float
    tie: float
    read: Reading


class Reign:
    """Of a release, by its `reference`; made of it when the first document comes, if ever."""

    def __init__(self, reference: Reference | None, objective: Objective, budget: Budget) -> None:
        self._reference, self._objective, self._budget = reference, objective, budget
        self._reigned, self._width, self._basis = False, 0, 0
        self._watchings: list[Watching] | None = None

    @property
    def watchings(self) -> list[Watching]:
        if self._watchings is None:
            self._watchings = [] if self._reference is None else self._made(self._reference)
            self._reference = None
        return self._watchings

    def step(self, documents: Sequence[Waiting]) -> None:
        """In their order. A challenger's answers are not watched: it reigns from its first one in no trial."""
        if not self._reigned:
            first = next((place for place, each in enumerate(documents) if not each.read.trial), None)
            if first is None:
                return
            self._reigned, documents = True, documents[first:]
        if not documents or not self.watchings:
            return
        read = [each.read for each in documents]
        made = columns(read, self._width, len(self._objective.classes), self._basis)
        ids, at = [each.document_id for each in read], np.array([each.at for each in documents])
        ties = np.array([each.tie for each in documents])
        for one in self.watchings:
            one.step(made, ids, at, ties)

    def _made(self, reference: Reference) -> list[Watching]:
        try:
            found = _columns(reference, self._objective)
        except ValueError as error:
            _log.warning("monitoring.reference_unusable", reason=str(error)[:300])
            return []
        self._width, self._basis = found.sketches.shape[1], reference.sketch_basis
        try:
            prices = Prices(self._objective.costs, found.cost)
        except ValueError:
            prices = None
        return [
            Watching(each, prices, self._budget.share(f"drift/{each.name}") / self._budget.period_s)
            for each in watched(found, self._objective.classes)
        ]


def waiting(read: Sequence[Reading], now: float) -> list[Waiting]:
    """Predictions that were read at `now`, before which they were made, whatever their clocks say."""
    drawn = chances_of([each.document_id for each in read], 2).tolist()
    return [
        Waiting(min(now, each.at) if each.timed else now, place, tie, each)
        for each, (tie, place) in zip(read, drawn, strict=True)
    ]


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
