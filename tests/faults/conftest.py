"""A serving worker as a process of its own, with a release to serve."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from towpath.cli.local.ports import choose_port
from towpath.core.errors import RetryableError
from towpath.core.service import KafkaSettings
from towpath.core.stream import Broker, Codec, KafkaBroker, Message, Record, Registry
from towpath.model import manifest_sha256, release_id_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.v1 import Document, ModelRelease, Prediction


@dataclass
class Deployment:
    """Topics, bundles and worker processes of one test."""

    home: Path
    kafka: KafkaSettings
    registry: Registry
    broker: Broker
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def bundle(self, seed: int) -> ModelRelease:
        """Build a bundle; its release, not published yet."""
        folder = build_tiny_bundle(self.home / "bundles" / f"build-{seed}", seed=seed)
        sha256 = manifest_sha256(folder)
        target = folder.with_name(release_id_of(sha256))
        folder.rename(target)
        return ModelRelease(
            release_id=target.name,
            model_name="tweet-sentiment",
            bundle_uri=target.as_uri(),
            bundle_sha256=sha256,
        )

    def publish(self, release: ModelRelease) -> None:
        message = Codec().encode(release, topic=self.registry.full_name("models"), key=release.model_name)
        self.send([message])

    def send(self, messages: Sequence[Message]) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send(messages, timeout_s=30)

    def documents(self, numbers: Sequence[int]) -> list[Message]:
        topic = self.registry.full_name("documents")
        made = []
        for n in numbers:
            document = Document(document_id=f"doc-{n}", text=f"text number {n} is {'good' if n % 2 else 'bad'}")
            document.created_at.GetCurrentTime()
            made.append(Codec().encode(document, topic=topic, key=document.document_id))
        return made

    def start_worker(
        self, instance: str = "one", *, dying: tuple[str, int, str] | None = None, transaction_timeout_s: float = 20
    ) -> subprocess.Popen[bytes]:
        """`dying`: at which step, at the how manieth time, which signal hits it (support/dying.py)."""
        port = choose_port()
        environment = {
            **os.environ,
            "TOWPATH_HOME": str(self.home),
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "TOWPATH_KAFKA_SESSION_TIMEOUT_S": "2",
            "TOWPATH_TOPIC_PREFIX": self.registry.prefix,
            "TOWPATH_SERVING_INSTANCE": instance,
            "TOWPATH_SERVING_BATCH_DOCUMENTS": "100",
            "TOWPATH_SERVING_TRANSACTION_TIMEOUT_S": str(transaction_timeout_s),
            "TOWPATH_SERVING_THREADS": "1",
            "TOWPATH_HTTP_PORT": str(port),
        }
        with (self.home / "worker.log").open("ab") as log:
            program = ["towpath.serving"] if dying is None else ["support.dying", *map(str, dying)]
            environment["PYTHONPATH"] = str(Path(__file__).parents[1])
            process = subprocess.Popen([sys.executable, "-m", *program], env=environment, stderr=log)
        self.workers.append(process)
        self.ports.append(port)
        return process

    def ready(self) -> int:
        """The last worker's /readyz, 0 while it does not listen."""
        return self.get("/readyz")[0]

    def get(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[-1]}{path}", timeout=5)
        except httpx.HTTPError:
            return 0, ""
        return answer.status_code, answer.text

    def read(self, topic: str, count: int, *, limit_s: float) -> list[Record]:
        """What a read_committed reader sees: `count` records, and whatever comes after them at once."""
        deadline, records = time.monotonic() + limit_s, list[Record]()
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            while len(records) < count and time.monotonic() < deadline:
                records += reader.poll(timeout_s=0.5, max_records=5000).records
            return records + list(reader.poll(timeout_s=1.0, max_records=5000).records)

    def predictions(self, count: int, *, limit_s: float = 60.0) -> list[Prediction]:
        return [Codec().decode(r, Prediction).message for r in self.read("predictions", count, limit_s=limit_s)]

    def count_predicted(self) -> int:
        """How many are committed, roughly: offsets of the topic, markers among them."""
        with self.broker.consumer([self.registry.full_name("predictions")], group=None) as reader:
            return sum(reader.end_offsets().values())

    def end_hanging_transactions(self, *, once_predicted: int, limit_s: float) -> None:
        """Wait for predictions, and meanwhile do what the runbook says of hanging transactions.

        A broker killed between the decision to commit and its markers sometimes loses the markers on its start (Kafka
        4.3.1, one node; docs/upstream/lost-transaction-markers.md). A transaction that hangs is thrown away whole.
        """
        assert isinstance(self.broker, KafkaBroker)
        topics, deadline = [each.full_name for each in self.registry], time.monotonic() + limit_s
        with self.broker.consumer([self.registry.full_name("predictions")], group=None) as reader:
            seen = 0
            while seen < once_predicted and time.monotonic() < deadline:
                # Just started, a broker may not say yet who leads a partition.
                with suppress(RetryableError):
                    for each in self.broker.open_transactions(topics):
                        if each.hangs:
                            self.broker.abort_transaction(each)
                seen += len(reader.poll(timeout_s=0.5, max_records=5000).records)

    def log(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.home / "worker.log").read_text().splitlines() if line[:1] == "{"]


def _deployment(tmp_path: Path, settings: KafkaSettings, prefix: str) -> Iterator[Deployment]:
    registry = Registry.load(prefix)
    with KafkaBroker(settings) as broker:
        broker.create_topics(registry.specs())
        (tmp_path / "bundles").mkdir()
        made = Deployment(tmp_path, settings, registry, broker)
        yield made
        for worker in made.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait(10)


@pytest.fixture
def deployment(tmp_path: Path, kafka: object, prefix: str) -> Iterator[Deployment]:
    """On the Kafka that all tests share."""
    yield from _deployment(tmp_path, kafka.settings, prefix)  # type: ignore[attr-defined]


@pytest.fixture
def own_deployment(tmp_path: Path, own_kafka: object, prefix: str) -> Iterator[Deployment]:
    """On a Kafka that this test may kill."""
    yield from _deployment(tmp_path, own_kafka.settings, prefix)  # type: ignore[attr-defined]
