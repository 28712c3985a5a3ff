"""Bodies on their way are no load; what is limited is what waits for Kafka, in number and in bytes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from towpath.core.errors import RetryableError
from towpath.core.stream import Codec, Message, Registry
from towpath.ingestion.domain.lines import Line
from towpath.ingestion.domain.parsing import KINDS
from towpath.ingestion.entrypoints.http import _Gathered
from towpath.ingestion.handlers import Intake
from towpath.ingestion.metrics import IngestionMetrics
from towpath.ingestion.settings import IngestionSettings

DOCUMENTS = next(kind for kind in KINDS if kind.topic == "documents")


class Gate:
    """A producer that keeps senders waiting until it is opened, and counts them."""

    def __init__(self) -> None:
        self.open, self.lock = threading.Event(), threading.Lock()
        self.inside = self.most = 0
        self.sizes: list[int] = []

    def send(self, messages: Sequence[Message], *, timeout_s: float) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.sizes.append(sum(len(each.value or b"") for each in messages))
        self.open.wait(20)
        with self.lock:
            self.inside -= 1


def intake(gate: Gate, **settings: float) -> Intake:
    metrics = IngestionMetrics(CollectorRegistry())
    return Intake(gate, Codec(), Registry.load(), metrics, IngestionSettings(**settings))  # type: ignore[arg-type]


def test_only_so_many_send_at_a_time_and_all_are_sent() -> None:
    gate = Gate()

    async def many() -> None:
        it = intake(gate, max_sends=3, send_timeout_s=20)
        sending = [asyncio.create_task(it.one(DOCUMENTS, b'{"text": "x"}', "")) for _ in range(12)]
        while gate.inside < 3:
            await asyncio.sleep(0.001)
        gate.open.set()
        await asyncio.gather(*sending)

    asyncio.run(many())
    assert (gate.most, len(gate.sizes)) == (3, 12)


def test_who_waits_too_long_for_others_is_told_to_come_again() -> None:
    gate = Gate()

    async def two() -> None:
        it = intake(gate, max_sends=1, send_timeout_s=0.05)
        first = asyncio.create_task(it.one(DOCUMENTS, b'{"text": "x"}', ""))
        while not gate.inside:
            await asyncio.sleep(0.001)
        with pytest.raises(RetryableError, match="1 others were sending"):
            await it.one(DOCUMENTS, b'{"text": "y"}', "")
        gate.open.set()
        await first

    asyncio.run(two())


def test_a_stream_counts_what_it_holds_in_bytes() -> None:
    gate = Gate()
    gate.open.set()

    async def stream() -> None:
        gathered = _Gathered(intake(gate), DOCUMENTS, "")
        for number in range(1, 4):
            gathered.take(Line(number, b'{"text": "%s"}' % (b"x" * 1000)))
        assert 3000 < gathered.bytes < 6000
        await gathered.flush()
        assert (gathered.bytes, gathered.messages, gathered.account.accepted) == (0, [], 3)

    asyncio.run(stream())
