"""A prediction is read once for all monitors, and many at a time: what they say is the same as one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from support.windows import documents, predictions
from towpath.core.objective import Objective, load_objective
from towpath.core.stream import Codec, Record, Registry
from towpath.core.stream.memory import MemoryBroker
from towpath.monitoring.adapters.alert_topic import AlertTopic
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Monitor, ReadingMonitor
from towpath.monitoring.domain.reading import PredictionReader
from towpath.monitoring.drift import CAUSES, DriftWatch
from towpath.monitoring.entrypoints.consumer import Reader
from towpath.monitoring.handlers import Watch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.performance import CAUSE, Performance
from towpath.monitoring.rollouts import RolloutWatch
from towpath.monitoring.windows import WindowWatch
from towpath.v1 import ClassLabel, Feedback, ModelRelease, Prediction, Reference

OBJECTIVE: Objective = load_objective("objective.yaml")
ROWS = documents(400, seed=1)
MESSAGES = list(predictions(ROWS))


def monitors() -> list[ReadingMonitor]:
    metrics = MonitoringMetrics(CollectorRegistry())
    budget = Budget.of(OBJECTIVE.contract.monitoring.false_alarms, (CAUSE, *CAUSES))
    made: list[ReadingMonitor] = [
        DriftWatch(OBJECTIVE, metrics, budget, lambda: 2e9),
        Performance(OBJECTIVE, metrics, 150, 3, budget),
        WindowWatch(OBJECTIVE, 130),
    ]
    known = documents(200, seed=2)
    reference = Reference(
        documents=200, sketches=known.sketches.tobytes(), tokens=known.tokens.tolist(),
        unknown_tokens=known.unknown.tolist(), classes=OBJECTIVE.classes,
        probabilities=known.probabilities.ravel().tolist(), truths=known.labels.tolist(),
    )  # fmt: skip
    for each in made:
        each.release(ModelRelease(release_id="rel-1", model_name=OBJECTIVE.name, reference=reference))
    return made


def told(row: int) -> Feedback:
    truth = ClassLabel(label=OBJECTIVE.classes[row % 3])
    return Feedback(feedback_id=f"fb-{row}", document_id=str(ROWS.ids[row]), class_label=truth)


def state(of: list[ReadingMonitor]) -> list[Any]:
    drift, performance, windows = of
    assert isinstance(drift, DriftWatch)
    assert isinstance(performance, Performance)
    assert isinstance(windows, WindowWatch)
    found = [repr(each) for each in drift.findings()]
    rows = windows._ring.last()
    return [
        found, drift.shown(), performance.shown(), list(rows.ids),
        np.column_stack([rows.probabilities, rows.costs, rows.times, rows.tokens, rows.sketches]).tolist(),
    ]  # fmt: skip


@settings(deadline=None, max_examples=5)
@given(cuts=st.lists(st.integers(0, 400), max_size=12), labelled=st.integers(1, 7))
def test_in_whatever_cuts_predictions_come_figures_are_the_same(cuts: list[int], labelled: int) -> None:
    one_by_one, together = monitors(), monitors()
    ends = sorted({*cuts, 400})
    reader = PredictionReader(OBJECTIVE.classes)
    for begin, end in zip([0, *ends], ends, strict=False):
        for message in MESSAGES[begin:end]:
            for each in one_by_one:
                each.prediction(message)
        read = [reader.read(each) for each in MESSAGES[begin:end]]
        for each in together:
            each.read(read)
        for row in range(0, end, labelled):
            for each in (*one_by_one, *together):
                each.feedback(told(row))
    assert state(one_by_one) == state(together)


class Listening(Monitor):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def prediction(self, message: Prediction) -> None:
        self.heard.append(message.document_id)

    def feedback(self, message: Feedback) -> None:
        self.heard.append(message.feedback_id)


class ListeningToMany(ReadingMonitor):
    def __init__(self) -> None:
        self.objective, self.heard, self.calls = OBJECTIVE, list[str](), 0

    def read(self, predictions: Any) -> None:
        self.calls += 1
        self.heard += [each.document_id for each in predictions]

    def feedback(self, message: Feedback) -> None:
        self.heard.append(message.feedback_id)


def test_each_monitor_hears_of_each_message_once_and_in_order() -> None:
    broker, codec, registry = MemoryBroker(), Codec(), Registry.load("towpath.")
    broker.create_topics(registry.specs())
    metrics, desk = MonitoringMetrics(CollectorRegistry()), AlertDesk(OBJECTIVE.name)
    alone, many = Listening(), ListeningToMany()
    watch, trials = Watch(OBJECTIVE, metrics, 100, 3), RolloutWatch(OBJECTIVE, metrics, 100)
    topic = AlertTopic(broker, codec, registry, desk, metrics)
    reader = Reader(broker, codec, registry, watch, trials, desk, topic, [alone, many])
    messages: list[Prediction | Feedback] = [*MESSAGES[:3], MESSAGES[1], told(0), *MESSAGES[3:5]]
    records = []
    for offset, each in enumerate(messages):
        name = registry.full_name("predictions" if isinstance(each, Prediction) else "feedback")
        made = codec.encode(each, topic=name, key=each.document_id)
        records.append(Record(name, 0, offset, made.key, made.value, made.headers, 0))
    unreadable = Record(registry.full_name("predictions"), 0, 99, b"k", b"{", (), 0)
    reader.take([*records, unreadable])
    reader.take(records)
    ids = [str(each) for each in ROWS.ids[:5]]
    assert alone.heard == many.heard == [*ids[:3], "fb-0", *ids[3:]]
    assert many.calls == 2
    share = "towpath_monitoring_class_ratio"
    assert sum(each.value for each in metrics.share.collect()[0].samples if each.name == share) == pytest.approx(1)


def test_what_a_message_does_not_tell_is_not_made_up() -> None:
    read = PredictionReader(OBJECTIVE.classes).read(Prediction(prediction_id="p", document_id="d", release_id="r"))
    assert (read.timed, read.document_at, read.label, read.whole, read.confidence, read.sketch) == (
        False, None, -1, False, None, None,
    )  # fmt: skip
    assert np.isnan(read.probabilities).all()
