"""Ingestion as a process on real Kafka: what is acknowledged is there, and Kafka's absence is told and survived."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from towpath.cli.local import LocalKafka
from towpath.core.stream import Codec, KafkaBroker, Registry
from towpath.v1 import Document

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


def test_streams_survive_and_kafkas_absence_is_told(
    start_service: Callable[..., Any], own_kafka: LocalKafka, prefix: str
) -> None:
    """Fault 7, smaller: bounded memory, 503 with Retry-After, never a false 202; the same process goes on."""
    registry = Registry.load(prefix)
    with KafkaBroker(own_kafka.settings) as broker:
        broker.create_topics(registry.specs())
    service = start_service(
        "ingestion",
        TOWPATH_KAFKA_BOOTSTRAP_SERVERS=own_kafka.bootstrap_servers,
        TOWPATH_TOPIC_PREFIX=prefix,
        TOWPATH_SEND_TIMEOUT_S="3",
    )
    client = service.client
    service.until("/readyz", 200)
    lines = [json.dumps({"documentId": f"doc-{n}", "text": f"text {n}"}) for n in range(10_000)]
    lines[5_000:5_000] = ["not json"]
    answer = client.post(
        "/v1/documents", content="\n".join(lines).encode(), headers={"Content-Type": "application/x-ndjson"}
    )
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 10_000, 1)
    assert answer.json()["problems"][0]["line"] == 5_001
    own_kafka.kill()
    service.until("/readyz", 503)
    before = psutil.Process(service.process.pid).memory_info().rss
    acknowledged = []
    for n in range(20):
        one = client.post("/v1/documents", json={"documentId": f"late-{n}", "text": "x" * 9_000})
        assert one.status_code in (202, 503)
        assert one.status_code == 202 or one.headers["retry-after"]
        acknowledged += [f"late-{n}"] if one.status_code == 202 else []
    assert acknowledged == []
    assert psutil.Process(service.process.pid).memory_info().rss - before < 50_000_000
    own_kafka.start()
    service.until("/readyz", 200)
    assert client.post("/v1/documents", json={"documentId": "after", "text": "x"}).status_code == 202
    with KafkaBroker(own_kafka.settings) as broker:
        seen = read(broker, registry.full_name("documents"), 10_001)
    assert {f"doc-{n}" for n in range(10_000)} | {"after"} <= set(seen)
    service.end()


def read(broker: KafkaBroker, topic: str, count: int) -> list[str]:
    found, deadline = list[str](), time.monotonic() + 40
    with broker.consumer([topic], group=None) as reader:
        while len(set(found)) < count and time.monotonic() < deadline:
            records = reader.poll(timeout_s=0.5, max_records=5000).records
            found += [Codec().decode(record, Document).message.document_id for record in records]
    return found
