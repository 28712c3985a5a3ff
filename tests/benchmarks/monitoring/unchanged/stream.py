"""Streams of documents that do not change: tweets in an order that means nothing, and how Kafka hands them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from benchmarks.monitoring.unchanged.served import OBJECTIVE, RELEASE, Served
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.drift.columns import Columns
from towpath.monitoring.domain.window import Window
from towpath.monitoring.drift import DriftWatch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.v1 import ModelRelease, Prediction

__all__ = ["START", "Clock", "Delivery", "bursts", "delivered", "deliveries", "messages", "take", "watch_of"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
START = 1_700_000_000.0
_PARTITIONS = 6
_AGAIN = 0.05
_STALLS = 0.3


def take(columns: Columns, rows: Rows) -> Columns:
    return Columns(*(getattr(columns, each.name)[rows] for each in fields(Columns)))


def bursts(documents: int, mean_gap_s: float, random: np.random.Generator) -> Floats:
    """When each was predicted: batches of up to 64 within a millisecond, some after another, and hours of nothing."""
    sizes = random.integers(1, 65, documents)
    batches = np.repeat(np.arange(documents), sizes)[:documents]
    gaps = np.where(random.random(documents) < 0.2, random.exponential(1.0, documents), 0.0)
    gaps *= mean_gap_s * documents / max(1e-9, gaps[: batches[-1] + 1].sum())
    return START + (gaps + random.exponential(0.05, documents)).cumsum()[batches]


@dataclass(frozen=True)
class Delivery:
    """What a poll brings at `now`: positions in the stream, in the order in which they are read."""

    now: float
    positions: list[int]


def deliveries(at: Floats, random: np.random.Generator) -> Iterator[Delivery]:
    """Partitions take turns and stall, some for longer than a document is waited for; and some of what was read is
    read again."""
    documents = len(at)
    stalled = random.random((documents, _PARTITIONS)) < _STALLS
    partition, pause = random.integers(0, _PARTITIONS, documents), random.exponential(20.0, (documents, _PARTITIONS))
    edges = np.flatnonzero(np.append(True, np.diff(at) > 1.0))
    burst = np.searchsorted(edges, np.arange(documents), side="right") - 1
    read = at + 0.3 + np.where(stalled[burst, partition], pause[burst, partition], 0.0)
    again = np.flatnonzero(random.random(documents) < _AGAIN)
    times = np.concatenate([read, read[again] + random.exponential(30.0, len(again))])
    positions = np.concatenate([np.arange(documents), again])
    turn = np.concatenate([partition, partition[again]])
    polls = np.ceil(times / 0.3).astype(np.int64)
    order = np.lexsort((positions, turn, polls))
    starts = np.flatnonzero(np.append(True, np.diff(polls[order]) > 0))
    for some in np.split(order, starts[1:]):
        yield Delivery(float(polls[some[0]]) * 0.3, positions[some].tolist())
    yield Delivery(float(times.max()) + 60.0, [])


def messages(served: Served, rows: Rows, at: Floats, name: str) -> list[Prediction]:
    """Predictions of those rows, made at those seconds."""
    patterns, made = served.predictions, []
    for number, (row, when) in enumerate(zip(rows.tolist(), at.tolist(), strict=True)):
        each = Prediction.FromString(patterns[row])
        each.document_id, each.prediction_id = f"{name}-{number}", f"p-{name}-{number}"
        each.created_at.FromNanoseconds(int(when * 1e9))
        made.append(each)
    return made


class Clock:
    """Of whoever reads."""

    now = START

    def __call__(self) -> float:
        return self.now


def delivered(
    watch: DriftWatch, clock: Clock, sent: Sequence[Prediction], at: Floats, random: np.random.Generator
) -> Iterator[None]:
    """Kafka hands them to `watch`, which is not told again of what it was told, as by monitoring's reader. After each
    poll it is somebody else's turn."""
    seen = Window[str, None](len(sent))
    for delivery in deliveries(at, random):
        clock.now = delivery.now
        for position in delivery.positions:
            if seen.add(sent[position].prediction_id, None):
                watch.prediction(sent[position])
        yield


def watch_of(served: Served, reference: Rows, budget: Budget) -> tuple[DriftWatch, Clock]:
    """Monitoring's own, of a release that was judged on those rows."""
    clock = Clock()
    watch = DriftWatch(OBJECTIVE, MonitoringMetrics(CollectorRegistry()), budget, clock)
    release = ModelRelease(release_id=RELEASE, model_name=OBJECTIVE.name)
    release.reference.CopyFrom(served.reference(reference))
    watch.release(release)
    return watch, clock
