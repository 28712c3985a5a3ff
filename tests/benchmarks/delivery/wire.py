"""Documents into topics, and what comes out: on librdkafka, so that little of the processor goes to measuring."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

__all__ = ["Arrival", "Reader", "document", "documents", "produce", "requests", "sender"]

_HEADERS: list[tuple[str, str | bytes | None]] = [
    ("ce_specversion", b"1.0"),
    ("ce_source", b"bench"),
    ("ce_type", b"towpath.v1.Document"),
    ("content-type", b"application/json"),
]
_PARTITIONS = 6
Sent = tuple[str, bytes, list[tuple[str, str | bytes | None]]]


def document(name: str, text: str) -> Sent:
    """Key, value (a document's canonical JSON), headers: as ingestion writes it."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"documentId": name, "text": text, "source": "bench", "createdAt": now}
    value = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return name, value, [*_HEADERS, ("ce_id", name.encode()), ("ce_time", now.encode())]


def documents(texts: Sequence[str], count: int) -> Iterator[Sent]:
    """d0, d1, …; the texts are gone through again and again."""
    return (document(f"d{n}", texts[n % len(texts)]) for n in range(count))


def requests(texts: Sequence[str], count: int) -> Iterator[Sent]:
    """The same texts as MLServer's Kafka mode wants them: one inference request each."""
    for n in range(count):
        tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [texts[n % len(texts)]]}
        value = json.dumps({"id": f"d{n}", "inputs": [tensor]}).encode()
        yield f"d{n}", value, [("mlserver-model", b"tweet-sentiment")]


def sender(servers: str, **more: object) -> Producer:
    return Producer(
        {
            "bootstrap.servers": servers,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "log_level": 2,
            **more,
        }
    )


def produce(servers: str, topic: str, messages: Iterable[Sent]) -> int:
    """Return how many, once all are acknowledged."""
    producer, count = sender(servers, **{"linger.ms": 20}), 0
    messages = iter(messages)
    while some := list(islice(messages, 10_000)):
        for key, value, headers in some:
            producer.produce(topic, value, key.encode(), headers=headers)
        count += len(some)
        while producer.flush(60):
            pass
    return count


class Arrival:
    """One message that came out: its key, the broker's time and when it was seen here (both seconds), its value."""

    __slots__ = ("at_broker", "key", "seen", "value")

    def __init__(self, message: Message, seen: float) -> None:
        self.key = (message.key() or b"").decode()
        self.at_broker = message.timestamp()[1] / 1000
        self.seen = seen
        self.value = message.value() or b""


class Reader:
    """Reads `topic` under read_committed from its end of now, in a thread, until it is closed."""

    def __init__(self, servers: str, topic: str) -> None:
        self.arrived: list[Arrival] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "bench-reader",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "log_level": 2,
            }
        )
        parts = [TopicPartition(topic, n) for n in range(_PARTITIONS)]
        for each in parts:
            each.offset = self._end(each)
        self._consumer.assign(parts)
        self._changed, self._ended = threading.Condition(), False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, count: int, *, stalled_s: float = 120.0, alive: Callable[[], bool] = lambda: True) -> bool:
        """Until `count` arrived; False when nothing comes any more, or who should make it has ended."""
        with self._changed:
            while len(self.arrived) < count:
                before, begin = len(self.arrived), time.monotonic()
                while len(self.arrived) == before:
                    if not alive() or time.monotonic() - begin > stalled_s:
                        return False
                    self._changed.wait(0.5)
        return True

    def close(self) -> None:
        self._ended = True
        self._thread.join()
        self._consumer.close()

    def _end(self, part: TopicPartition) -> int:
        """A topic that was just made has no leader yet."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return int(self._consumer.get_watermark_offsets(part, timeout=10)[1])
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _read(self) -> None:
        while not self._ended:
            # `consume` returns when it has all it was asked for or its time is over: what comes alone would wait.
            first = self._consumer.poll(0.1)
            messages = [] if first is None else [first, *self._consumer.consume(2000, 0)]
            seen = time.monotonic()
            found = [Arrival(each, seen) for each in messages if each.error() is None]
            if found:
                with self._changed:
                    self.arrived += found
                    self._changed.notify_all()
