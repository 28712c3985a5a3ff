"""The reader gathers predictions from where it began, and says when some do not come."""

from __future__ import annotations

import pytest

from towpath.cli.demo.reader import PredictionReader
from towpath.core.errors import TowpathError
from towpath.core.stream import Codec, MemoryBroker, TopicSpec
from towpath.v1 import Prediction


def send(broker: MemoryBroker, *ids: str) -> None:
    codec = Codec()
    with broker.producer(client_id="test") as producer:
        messages = [codec.encode(Prediction(prediction_id="p", document_id=each), topic="p", key=each) for each in ids]
        producer.send(messages, timeout_s=5)


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.create_topics([TopicSpec("p", 2)])
    return made


def test_only_what_comes_after_its_beginning_counts_and_repeats_are_seen(broker: MemoryBroker) -> None:
    send(broker, "old")
    with PredictionReader(broker, "p") as reader:
        send(broker, "a", "b", "b")
        counts: list[int] = []
        found = reader.wait(["a", "b"], timeout_s=10, progress=counts.append)
        assert set(found) == {"a", "b"}
        assert counts[-1] == 2
        send(broker, "c")
        reader.wait(["c"], timeout_s=10, progress=counts.append)
        assert reader.repeated(["a", "b", "c"]) == 1
        with pytest.raises(TowpathError, match=r"1 of 2 documents have no prediction"):
            reader.wait(["a", "old"], timeout_s=0.3, progress=counts.append)


def test_what_cannot_be_read_is_told(broker: MemoryBroker) -> None:
    from towpath.core.stream import Message

    with PredictionReader(broker, "p") as reader:
        with broker.producer(client_id="test") as producer:
            producer.send([Message("p", b"{")], timeout_s=5)
        with pytest.raises(TowpathError, match="not JSON"):
            reader.wait(["a"], timeout_s=10, progress=lambda _: None)
