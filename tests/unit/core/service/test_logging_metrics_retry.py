"""Logs that cannot be forged, metric names that follow the convention, waits that are bounded."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from towpath.core.service import Backoff, Catalogue

LOG = """
import logging, sys, structlog
from towpath.core.service import configure_logging
configure_logging("demo")
structlog.contextvars.bind_contextvars(document_id='doc-1\\n{"event":"forged"}\\x1b[2J', trace_id="4bf9")
structlog.get_logger("towpath.x").info("hello", text="x" * 10_000)
logging.getLogger("elsewhere").warning("from %s", "the library\\nforged")
"""


def test_a_hostile_id_cannot_forge_a_record_or_reach_the_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", LOG], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == ""
    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert [record["event"] for record in records] == ["hello", "from the library\nforged"]
    assert all(record["service"] == "demo" and record["trace_id"] == "4bf9" for record in records)
    assert "\x1b" not in done.stderr
    assert len(records[0]["text"]) < 5000


def test_metric_names_carry_the_service() -> None:
    class Metrics(Catalogue):
        service = "ingestion"

        def __init__(self, registry: CollectorRegistry) -> None:
            super().__init__(registry)
            self.documents = self.counter("documents", "Documents accepted", ["kind"])
            self.seconds = self.histogram("request_seconds", "Duration of a request")
            self.open = self.gauge("requests_in_flight", "Requests being answered")

    metrics = Metrics(CollectorRegistry())
    metrics.documents.labels("x").inc()
    text = generate_latest(metrics.registry).decode()
    assert 'towpath_ingestion_documents_total{kind="x"} 1.0' in text
    assert "towpath_ingestion_request_seconds_bucket" in text
    assert "towpath_ingestion_requests_in_flight" in text


class RecordingEvent(threading.Event):
    """An event that notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


@given(st.lists(st.floats(-1.0, 400.0) | st.sampled_from([0.005, 1.0, 300.0, float("inf"), float("nan")])))
def test_many_values_at_once_are_in_the_buckets_that_each_would_be_in(values: list[float]) -> None:
    class Sample(Catalogue):
        def __init__(self, registry: CollectorRegistry) -> None:
            super().__init__(registry)
            self.seconds = self.histogram("request_seconds", "Duration of a request", ["by"])

    told = []
    for many in (False, True):
        histogram = Sample(CollectorRegistry()).seconds.labels("it")
        if many:
            histogram.observe_many(values)
        for value in values if not many else ():
            histogram.observe(value)
        samples = [each for family in histogram.collect() for each in family.samples]
        told.append([(each.labels, each.value) for each in samples if not each.name.endswith("_created")])
    for one, other in zip(*told, strict=True):
        assert one[0] == other[0]
        assert one[1] == pytest.approx(other[1], nan_ok=True, abs=1e-9)


@given(seed=st.integers(), tries=st.integers(1, 60))
def test_waits_grow_but_never_exceed_the_cap(seed: int, tries: int) -> None:
    stop, backoff = RecordingEvent(), Backoff(base_s=0.1, cap_s=5.0, seed=seed)
    for _ in range(tries):
        assert backoff.wait(stop) is False
    assert all(0 <= wait <= min(5.0, 0.1 * 2**n) for n, wait in enumerate(stop.waits))
    backoff.reset()
    assert backoff.tries == 0


def test_a_shutdown_cuts_the_wait_short() -> None:
    stop = threading.Event()
    stop.set()
    assert Backoff(base_s=1000, cap_s=1000).wait(stop) is True
