"""Plain martingales on streams that do not change: by Ville's inequality one in a hundred ever reaches 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.unchanged.served import OBJECTIVE, Served
from benchmarks.monitoring.unchanged.stream import (
    bursts,
    delivered,
    messages,
    take,
    watch_of,
)
from towpath.core.objective.parts import FalseAlarms
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.bets import cells
from towpath.monitoring.domain.drift.columns import Columns
from towpath.monitoring.domain.drift.detector import Martingale
from towpath.monitoring.domain.drift.ranks import Ranks
from towpath.monitoring.domain.drift.scores import NAMES, Watched, watched
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.drift import CAUSES

__all__ = ["Climb", "climbs"]

Floats = NDArray[np.float64]
_BLOCK = 128


@dataclass(frozen=True)
class Climb:
    """Of one stream and k scores: `names`; `highest` (k,), the logarithm to base 10 of the most that 1 ever became, by
    each; `together`, where each score has a k-th of the 1; `path` (n,), that of the score `shown`."""

    names: tuple[str, ...]
    highest: Floats
    together: float
    shown: int
    path: Floats


def climbs(served: Served, stream: int, reference: int, documents: int, *, kafka: bool, seed: int) -> Climb:
    """The tweets shuffled: some are the reference and the next are the stream, in the order that monitoring counts
    them in. `kafka`: they come in bursts, by partitions that take turns, some of them twice."""
    random = np.random.default_rng([seed, stream, kafka])
    order = random.permutation(len(served))[: reference + documents]
    known = served.columns
    quantities = watched(take(known, order[:reference]), OBJECTIVE.classes)
    rows = order[reference:]
    came, ties = take(known, rows), random.random(documents)
    if kafka:
        came, ties = _through_kafka(served, order[:reference], rows, f"s{stream}", random)
    logs = np.concatenate(_paths(quantities, came, ties), axis=1) / np.log(10)
    names = tuple(f"{each.name}: {name}" for each in quantities for name in each.names)
    shown = stream % logs.shape[1]
    together = np.logaddexp.reduce(logs * np.log(10), axis=1).max() / np.log(10) - np.log10(len(names))
    return Climb(names, logs.max(axis=0), float(together), shown, logs[:, shown])


def _paths(quantities: Sequence[Watched], stream: Columns, ties: Floats) -> list[Floats]:
    """Natural logarithms (n, k) of each quantity's capital. Ties are broken by a number a document, as they are."""
    made = []
    for each in quantities:
        ranks, martingale = Ranks(len(each.names)), Martingale(len(each.names))
        ranks.begin(each.to_unit(each.calibration))
        scores = each.to_unit(each.values(stream))
        blocks = [slice(start, start + _BLOCK) for start in range(0, len(stream), _BLOCK)]
        made.append(np.concatenate([martingale.step(cells(ranks.step(scores[b], ties[b]))) for b in blocks]))
    return made


def _through_kafka(
    served: Served, reference: NDArray[np.intp], rows: NDArray[np.intp], name: str, random: np.random.Generator
) -> tuple[Columns, Floats]:
    """Documents and their ties, as monitoring's own watch counts them, each once.

    Raises:
        ValueError: some are not counted, or twice.
    """
    taken: list[tuple[Columns, Floats]] = []

    def step(self: Watching, columns: Columns, ids: Sequence[str], at: Floats, ties: Floats) -> None:
        if self.watched.name == NAMES[0]:
            taken.append((columns, ties))
            counted.extend(ids)

    counted: list[str] = []
    at = bursts(len(rows), 60.0, random)
    sent = messages(served, rows, at, name)
    with patch.object(Watching, "step", step):
        watch, clock = watch_of(served, reference, Budget.of(FalseAlarms(budget=1, period="90d"), CAUSES))
        for _ in delivered(watch, clock, sent, at, random):
            watch.findings()
    if sorted(counted) != sorted(each.document_id for each in sent):
        raise ValueError(f"{len(counted)} documents were counted of {len(sent)}")
    parts = [[getattr(columns, each.name) for columns, _ in taken] for each in fields(Columns)]
    return Columns(*map(np.concatenate, parts)), np.concatenate([ties for _, ties in taken])
