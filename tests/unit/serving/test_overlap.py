"""Fetching ahead is bounded, loses nothing and keeps order; batches follow the load."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from support.waiting import until
from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.stream import Codec, MemoryBroker, Record, Registry
from towpath.serving.domain.pace import Pace
from towpath.serving.entrypoints.backlog import Backlog
from towpath.serving.entrypoints.intake import Intake, Taken
from towpath.serving.entrypoints.outlet import Outlet
from towpath.serving.handlers import Decoded
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document

TOPIC = Registry.load().full_name("documents")


class Feed:
    """A topic in memory, one of its consumers, and an intake on it."""

    def __init__(self, fault: Callable[[str], None] = lambda _: None) -> None:
        self.broker, self.codec = MemoryBroker(fault=fault), Codec()
        self.broker.create_topics(Registry.load().specs())
        self.consumer = self.broker.consumer([TOPIC], group="g")
        self.decoded = 0
        self.intake = Intake(self.consumer, self._decode, Backlog(ServingMetrics(CollectorRegistry())), 0.2)

    def _decode(self, records: Sequence[Record]) -> Decoded:
        self.decoded += len(records)
        return Decoded(records, [], [])

    def send(self, count: int, start: int = 0) -> None:
        documents = [Document(document_id=f"d{n}", text="x") for n in range(start, start + count)]
        with self.broker.producer(client_id="t") as producer:
            producer.send([self.codec.encode(d, topic=TOPIC, key=d.document_id) for d in documents], timeout_s=1)

    def take_all(self, wanted: int, most: int) -> list[Taken]:
        taken: list[Taken] = []
        while sum(map(len, taken)) < wanted:
            one = self.intake.take(most)
            if one is not None:
                taken.append(one)
        return taken


def places(taken: Sequence[Taken]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for each in taken for record in each.decoded.records]


@pytest.mark.parametrize("ahead", [True, False])
def test_everything_is_taken_once_in_order_and_progress_covers_it(ahead: bool) -> None:
    feed = Feed()
    feed.send(500)
    if ahead:
        feed.intake.start()
    taken = feed.take_all(500, most=37)
    feed.intake.stop()
    found = places(taken)
    assert len(found) == len(set(found)) == 500
    by_partition = {part: [offset for p, offset in found if p == part] for part, _ in found}
    assert all(offsets == sorted(offsets) for offsets in by_partition.values())
    assert all(len(each) <= 37 for each in taken)
    ends: dict[int, int] = {}
    for each in taken:
        ends.update({part.number: offset for part, offset in each.progress.offsets.items()})
    assert ends == {part: offsets[-1] + 1 for part, offsets in by_partition.items()}


def test_no_more_is_fetched_ahead_than_is_taken_twice_at_once() -> None:
    feed = Feed()
    feed.send(5_000)
    feed.intake.start()
    first = feed.intake.take(20)
    until(lambda: feed.decoded >= 20 + len(first or ()), limit_s=5)
    feed.intake.stop()
    assert feed.decoded <= 20 + 2 * 20, "whatever waits on the topic"


def test_small_polls_go_together_when_inference_was_busy() -> None:
    feed = Feed()
    feed.intake.start()
    assert feed.intake.take(100) is None, "nothing has come"
    for n in range(5):
        feed.send(1, start=n)
        until(lambda n=n: feed.decoded == n + 1, limit_s=5)
    taken = feed.intake.take(100)
    feed.intake.stop()
    assert taken is not None
    assert (len(taken), taken.polls) == (5, 5)


def test_polls_of_different_generations_are_not_committed_as_one() -> None:
    feed = Feed()
    feed.intake.start()
    assert feed.intake.take(500) is None
    feed.send(10)
    until(lambda: feed.decoded == 10, limit_s=5)
    with feed.broker.consumer([TOPIC], group="g"):
        feed.send(400, start=10)
        taken = feed.take_all(11, most=500)
    feed.intake.stop()
    assert taken[0].progress.member != taken[-1].progress.member


def test_what_polling_raises_is_raised_where_it_is_taken() -> None:
    def away(step: str) -> None:
        if step == "poll":
            raise RetryableError("away")

    feed = Feed(away)
    feed.intake.start()
    with pytest.raises(RetryableError, match="away"):
        feed.take_all(1, most=10)
    feed.intake.stop()


def test_a_failed_commit_is_told_before_the_next_one_starts() -> None:
    started, release = threading.Event(), threading.Event()

    def fail() -> None:
        started.set()
        release.wait(5)
        raise TransactionAbortedError("fenced")

    with ThreadPoolExecutor(1) as executor:
        outlet = Outlet(executor)
        outlet.give(fail)
        assert started.wait(5)
        outlet.check()  # still under way: nothing to tell
        release.set()
        ran: list[bool] = []
        with pytest.raises(TransactionAbortedError):
            outlet.give(lambda: ran.append(True))
    assert ran == []


def test_a_batch_is_what_is_predicted_in_the_time_that_is_allowed() -> None:
    pace = Pace(documents=500, seconds=1.0)
    assert pace.most() == 32
    for _ in range(20):
        pace.measured(pace.most(), pace.most() / 280)
    assert pace.most() == pytest.approx(280, abs=2)
    for _ in range(20):
        pace.measured(pace.most(), pace.most() / 3)  # long documents come
    assert pace.most() == pytest.approx(3, abs=1)
    for _ in range(60):
        pace.measured(pace.most(), pace.most() / 9_000)
    assert pace.most() == 500


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(1e-6, 100)), max_size=30), st.integers(1, 1000))
def test_a_pace_is_never_out_of_its_limits(batches: list[tuple[int, float]], documents: int) -> None:
    pace = Pace(documents=documents, seconds=1.0)
    for count, seconds in batches:
        pace.measured(count, seconds)
        assert 1 <= pace.most() <= documents
