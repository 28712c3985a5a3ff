"""Alarms of the monitors of drift over streams, as monitoring raises them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.detection.streams import Encoded, Release, Stream
from towpath.core.objective.parts import FalseAlarms
from towpath.model.sketch import Anchors, sketch
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.columns import Columns
from towpath.monitoring.domain.drift.detector import CHUNK
from towpath.monitoring.domain.drift.harm import Prices
from towpath.monitoring.domain.drift.scores import watched
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.drift import CAUSES
from towpath.pipelines.steps import train

__all__ = ["Spotted", "alarms", "delays", "seen"]

Spotted = list[tuple[int, str]]
_FIELDS = tuple(Columns.__dataclass_fields__)


def seen(of: Encoded, made: Release, anchors: Anchors | None) -> Columns:
    """All documents, as the release's predictions tell them; `anchors`: None for random signs."""
    said = train.probabilities(made.head, of.embeddings)
    decided = of.objective.costs.decide(said)
    sketches = sketch(of.embeddings, anchors).astype(np.float64)
    asked = decided.ask.astype(np.float64)
    return Columns(sketches, of.tokens, of.unknown, said, asked, decided.expected_cost)


def alarms(every: Columns, of: Encoded, reference: NDArray[np.intp], stream: Stream, documents: float) -> Spotted:
    """At which documents of the stream a score alarmed, and of what, to the first from the change on.

    `documents`: in which all causes together may raise one false alarm. A document comes every so many seconds that
    these are a period.
    """
    budget = Budget.of(FalseAlarms(budget=1, period="90d"), CAUSES)
    known = taken(every, reference)
    prices, gap = Prices(of.objective.costs, known.cost), budget.period_s / documents
    monitors = [
        Watching(each, prices, budget.share(f"drift/{each.name}") / budget.period_s)
        for each in watched(known, of.objective.classes)
    ]
    ties = np.random.default_rng(stream.rows[:8].tolist()).random(len(stream.rows))
    rang = dict[tuple[str, str, float], int]()
    for start in range(0, len(stream.rows), CHUNK):
        part = slice(start, min(start + CHUNK, len(stream.rows)))
        places = np.arange(part.start, part.stop)
        for each in monitors:
            each.step(taken(every, stream.rows[part]), [""] * len(places), 1e9 + gap * places, ties[part])
            rang |= _rung(each, gap)
        if max(rang.values(), default=-1) >= stream.change:
            break
    return sorted((place, name) for (name, _, _), place in rang.items())


def taken(every: Columns, rows: NDArray[np.intp]) -> Columns:
    return Columns(*(getattr(every, name)[rows] for name in _FIELDS))


def _rung(one: Watching, gap: float) -> dict[tuple[str, str, float], int]:
    lasting = one._alarms.values()  # of all its scores, and not of the first alone
    return {(one.watched.name, each.score, each.fired_at): round((each.fired_at - 1e9) / gap) for each in lasting}


def delays(found: Sequence[Spotted], chosen: Sequence[Stream]) -> list[float]:
    """Documents from the change to the first alarm after it, that alarm's own counted; inf where there is none."""
    return [
        min((place - stream.change + 1.0 for place, _ in each if place >= stream.change), default=float("inf"))
        for each, stream in zip(found, chosen, strict=True)
    ]
