"""Run lengths: how long monitoring is quiet while nothing changes, and how long a test a window is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from benchmarks.monitoring.unchanged.served import OBJECTIVE, RELEASE, Served
from benchmarks.monitoring.unchanged.stream import (
    START,
    bursts,
    delivered,
    messages,
    take,
    watch_of,
)
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.scores import watched
from towpath.monitoring.domain.drift.watching import Watching
from towpath.monitoring.domain.join import Predicted
from towpath.monitoring.domain.performance.excess import Excess
from towpath.monitoring.domain.performance.judged import beyond_of, judged_of
from towpath.monitoring.drift import CAUSES
from towpath.monitoring.performance import CAUSE

__all__ = ["GAP_S", "Ended", "blamed", "budget", "kafka_run", "steady_run", "test_run"]

GAP_S = 60.0
_BLOCK = 512


@dataclass(frozen=True)
class Ended:
    """After how many documents (at a mean gap of `GAP_S`), and whether by an alarm."""

    documents: float
    fired: bool


def budget(documents: int, causes: Sequence[str] = CAUSES) -> Budget:
    """One false alarm in so many documents, all of it for these causes; monitoring leaves the others their parts."""
    return Budget(1.0, documents * GAP_S, tuple(causes))


def _drawn(
    served: Served, reference: int, documents: int, seed: Sequence[int]
) -> tuple[np.random.Generator, NDArray[np.intp]]:
    """Drawn again and again from all tweets, for the reference as for the stream."""
    random = np.random.default_rng(list(seed))
    return random, random.integers(0, len(served), reference + documents)


def steady_run(served: Served, stream: int, reference: int, promised: int, most: int, seed: int) -> Ended:
    """A document a minute, until any cause alarms, of `most` documents."""
    random, rows = _drawn(served, reference, most, (seed, stream))
    known, of = served.columns, budget(promised)
    watchings = [
        Watching(each, None, of.share(f"drift/{each.name}") / of.period_s)
        for each in watched(take(known, rows[:reference]), OBJECTIVE.classes)
    ]
    at, ties = START + GAP_S * np.arange(most), random.random(most)
    for start in range(0, most, _BLOCK):
        some = slice(start, min(most, start + _BLOCK))
        columns = take(known, rows[reference:][some])
        ids = [""] * len(columns)
        for each in watchings:
            each.step(columns, ids, at[some], ties[some])
        fired = [each.alarm.fired_at for each in watchings if each.alarm is not None]
        if fired:
            return Ended((min(fired) - START) / GAP_S + 1, True)
    return Ended(float(most), False)


def kafka_run(served: Served, stream: int, reference: int, promised: int, most: int, seed: int) -> Ended:
    """The same through monitoring's own watch, in bursts, by partitions that take turns, some documents twice."""
    random, rows = _drawn(served, reference, most, (seed, stream, 1))
    watch, clock = watch_of(served, rows[:reference], budget(promised))
    at = bursts(most, GAP_S, random)
    sent = messages(served, rows[reference:], at, f"r{stream}")
    for _ in delivered(watch, clock, sent, at, random):
        if any(each.firing for each in watch.findings()):
            fired = [each.alarm.fired_at for each in watch.shown() if each.alarm is not None]
            return Ended((min(fired) - START) / GAP_S + 1, True)
    return Ended(float(at[-1] - START) / GAP_S, False)


def test_run(served: Served, stream: int, reference: int, window: int, most: int, seed: int) -> Ended:
    """Kolmogorov and Smirnov's test of the first class's probability, at α = 0.05 of each window."""
    _, rows = _drawn(served, reference, most, (seed, stream))
    said = served.probabilities[:, 0].astype(np.float64)
    before = said[rows[:reference]]
    for start in range(0, most - window + 1, window):
        if ks_2samp(before, said[rows[reference:][start : start + window]]).pvalue < 0.05:
            return Ended(float(start + window), True)
    return Ended(float(most), False)


test_run.__test__ = False  # type: ignore[attr-defined]


def blamed(served: Served, release: int, judged: int, labelled: int, seed: int) -> tuple[bool, float]:
    """Whether a release is ever said to have become dearer, by the truth of so many documents like those that it was
    judged on; and the chance that it may. Looked at whenever there are a tenth more: each look takes some hundredths
    of a second, and monitoring looks at each fiftieth."""
    _, rows = _drawn(served, judged, labelled, (seed, release, 2))
    costs, all_ = OBJECTIVE.costs, served.rows
    error = budget(1, [CAUSE]).error(CAUSE, None)
    known = judged_of(served.reference(rows[:judged]), OBJECTIVE.classes, costs)
    if known is None:
        raise ValueError("the reference holds nothing that was judged")
    excess = Excess(costs, beyond_of(known, costs), START, error)
    paid, looked = costs.realised(served.truths, all_.labels, all_.ask), 0
    for number, row in enumerate(rows[judged:].tolist()):
        label, ask, promised = int(all_.labels[row]), bool(all_.ask[row]), float(all_.costs[row])
        name, at = str(number), START + GAP_S * number
        excess.add(Predicted(name, name, RELEASE, label, ask, promised, label, 1.0, None, at, number), float(paid[row]))
        if excess.documents > 1.1 * looked:
            found, looked = excess.look(), excess.documents
            if found is not None and found.lower > 0:
                return True, error
    return False, error
