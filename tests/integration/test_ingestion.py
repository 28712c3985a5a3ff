"""Ingestion as a process on real Kafka: what is acknowledged is there, and Kafka's absence is told and survived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.stream import Codec, KafkaBroker, Registry
from towpath.v1 import Document

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


def until(condition: Callable[[], bool], what: str, limit_s: float = 40.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_streams_survive_and_kafkas_absence_is_told(tmp_path: Path, own_kafka: LocalKafka, prefix: str) -> None:
    """Fault 7, smaller: bounded memory, 503 with Retry-After, never a false 202; the same process goes on."""
    registry, port = Registry.load(prefix), choose_port()
    with KafkaBroker(own_kafka.settings) as broker:
        broker.create_topics(registry.specs())
    environment = {
        **os.environ,
        "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": own_kafka.bootstrap_servers,
        "TOWPATH_TOPIC_PREFIX": prefix,
        "TOWPATH_HTTP_PORT": str(port),
        "TOWPATH_SEND_TIMEOUT_S": "3",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "towpath.ingestion"], env=environment, stderr=log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def ready(status: int) -> bool:
        try:
            return client.get("/readyz").status_code == status
        except httpx.HTTPError:
            return False

    try:
        until(lambda: ready(200), "ready")
        lines = [json.dumps({"documentId": f"doc-{n}", "text": f"text {n}"}) for n in range(10_000)]
        lines[5_000:5_000] = ["not json"]
        answer = client.post(
            "/v1/documents", content="\n".join(lines).encode(), headers={"Content-Type": "application/x-ndjson"}
        )
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 10_000, 1)
        assert answer.json()["problems"][0]["line"] == 5_001
        own_kafka.kill()
        until(lambda: ready(503), "not ready while Kafka is away")
        before = psutil.Process(process.pid).memory_info().rss
        acknowledged = []
        for n in range(20):
            one = client.post("/v1/documents", json={"documentId": f"late-{n}", "text": "x" * 9_000})
            assert one.status_code in (202, 503)
            assert one.status_code == 202 or one.headers["retry-after"]
            acknowledged += [f"late-{n}"] if one.status_code == 202 else []
        assert acknowledged == []
        assert psutil.Process(process.pid).memory_info().rss - before < 50_000_000
        own_kafka.start()
        until(lambda: ready(200), "ready again, the same process")
        assert client.post("/v1/documents", json={"documentId": "after", "text": "x"}).status_code == 202
        with KafkaBroker(own_kafka.settings) as broker:
            seen = read(broker, registry.full_name("documents"), 10_001)
        assert {f"doc-{n}" for n in range(10_000)} | {"after"} <= set(seen)
        assert process.poll() is None
        begin = time.monotonic()
        process.terminate()
        assert process.wait(15) == 0
        assert time.monotonic() - begin < 10
    finally:
        client.close()
        process.kill()
        process.wait(10)


def read(broker: KafkaBroker, topic: str, count: int) -> list[str]:
    found, deadline = list[str](), time.monotonic() + 40
    with broker.consumer([topic], group=None) as reader:
        while len(set(found)) < count and time.monotonic() < deadline:
            records = reader.poll(timeout_s=0.5, max_records=5000).records
            found += [Codec().decode(record, Document).message.document_id for record in records]
    return found
