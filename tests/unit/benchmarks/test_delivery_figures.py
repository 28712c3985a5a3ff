"""The bench's arithmetic: ratios of pairs, their intervals, rates and latencies, and when it must not measure."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.delivery.figures import Bar, Figure, Sample, from_json, interval, ratio_of, to_json
from benchmarks.delivery.floors.peak import flops
from benchmarks.delivery.loading import latencies
from benchmarks.delivery.profile import by_step
from benchmarks.delivery.quiet import BusyError, check_quiet
from benchmarks.delivery.runs import BenchError, accounted, rate_of


def figure(ours: tuple[float, ...], theirs: tuple[float, ...], bar: Bar | None = None, **facts: float) -> Figure:
    return Figure("key", "a ÷ b", Sample("a", ours, "1/s"), Sample("b", theirs, "1/s"), bar, facts=facts)


def test_a_machine_that_slows_down_between_pairs_changes_no_ratio() -> None:
    assert figure((100, 50, 10), (50, 25, 5)).ratio == 2


def test_a_ratio_needs_pairs() -> None:
    with pytest.raises(ValueError, match="2 measurements of ours and 1"):
        ratio_of((1, 2), (1,))
    with pytest.raises(ValueError, match="0 measurements"):
        ratio_of((), None)


def test_the_interval_covers_the_true_ratio_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        low, high = interval(np.random.default_rng(seed).lognormal(0, 0.1, 9), seed)
        covered += low <= 1 <= high
    assert covered / 200 > 0.9


def test_a_bar_is_met_only_when_nothing_was_lost() -> None:
    least, most = Bar("at least", 0.9), Bar("under", 2)
    assert figure((9,), (10,), least).met
    assert not figure((8,), (10,), least).met
    assert not figure((20,), (10,), most).met
    assert figure((19,), (10,), most, lost=0).met
    assert not figure((19,), (10,), most, lost=1).met
    assert figure((1,), (1,)).met is None


def test_figures_survive_their_file() -> None:
    made = figure((9, 8), (10, 9), Bar("at least", 0.9), lost=2)
    assert from_json(json.loads(json.dumps(to_json(made)))) == made


def test_a_busy_machine_is_refused_with_the_way_out() -> None:
    with pytest.raises(BusyError, match=r"37% .* --anyway"):
        check_quiet(lambda: 0.37)
    assert check_quiet(lambda: 0.01) == 0.01


def arrivals(*batches: tuple[float, int]) -> list[Any]:
    """`batches`: when, and how many; within one they are written over 20 ms."""
    times = [at + 0.02 * n / size for at, size in batches for n in range(size)]
    return [SimpleNamespace(at_broker=1e9 + at, key=f"d{n}", seen=at) for n, at in enumerate(times)]


def test_the_rate_is_from_the_end_of_a_batch_to_the_end_of_the_last() -> None:
    start_that_is_slow = arrivals((0, 32), (5, 400), (6, 500), (7, 500), (8, 500))
    assert rate_of(start_that_is_slow) == pytest.approx(500, rel=0.01)
    steady = arrivals(*((n / 10, 20) for n in range(100)))
    assert rate_of(steady) == pytest.approx(200, rel=0.05)


def test_of_a_long_queue_the_batch_that_was_begun_is_counted_to_its_end() -> None:
    queue = arrivals(*((n, 300) for n in range(10)))
    assert rate_of(queue, timed=1000) == pytest.approx(300, rel=0.01)


def test_what_was_fed_to_a_warm_contender_counts_from_then_on() -> None:
    assert rate_of(arrivals((10, 500)), fed=1e9) == pytest.approx(50, rel=0.01)


def test_one_batch_is_no_rate() -> None:
    with pytest.raises(BenchError, match="take more documents"):
        rate_of(arrivals((1, 500)))


def test_what_is_missing_or_came_twice_is_counted() -> None:
    some = [SimpleNamespace(key=key) for key in ("d0", "d2", "d2", "d3")]
    assert accounted(some, 5) == (2, 1)  # type: ignore[arg-type]


def test_a_latency_counts_from_when_the_document_was_due() -> None:
    due = np.arange(100, 110, 0.5)  # the first two seconds are left out
    came = [SimpleNamespace(key=f"d{7 + n}", seen=at + 0.25) for n, at in enumerate(due)]
    came[10].seen += 3  # held up
    late = latencies([*came[:12], came[3], *came[13:], SimpleNamespace(key="d1", seen=0)], 7, due)  # type: ignore[list-item]
    assert (late.lost, late.repeated) == (1, 1)
    assert late.due[0] == 102
    assert late.p50() == pytest.approx(0.25)
    assert late.p99() > 2.5


def test_operations_of_the_encoder() -> None:
    layer = 4 * 384 * 384 + 2 * 384 * 1536
    assert flops([1]) == 6 * (2 * layer + 2 * 2 * 384)
    assert flops([10, 10]) == 2 * flops([10])
    assert flops([20]) > 2 * flops([10]), "attention grows with the square"


def test_samples_are_told_by_the_workers_steps() -> None:
    main = "thread (1): MainThread;Worker.run (serving/entrypoints/worker.py:9)"
    lines = [
        f"{main};Model._run (model/predictor.py:140);InferenceSession.run (onnxruntime_inference_collection.py:2) 6",
        "thread (2): intake;PredictBatch.decode (serving/handlers.py:80);loads (json/__init__.py:3) 3",
        "thread (3): x;somewhere (else.py:1) 1",
        f"{main};Event.wait (threading.py:629);Condition.wait (threading.py:327) 90",
    ]
    assert by_step(lines) == {"inference: ONNX Runtime": 0.6, "decoding JSON": 0.3, "other threads": 0.1}
