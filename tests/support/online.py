"""An installation where a release reigns, and online learning as training runs it, on any broker."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from google.protobuf.message import Message as ProtoMessage
from prometheus_client import CollectorRegistry

from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.model import manifest_sha256, release_id_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.versions import Versions
from towpath.training.entrypoints.online import OnlineLoop
from towpath.training.metrics import TrainingMetrics
from towpath.training.online import Ports
from towpath.training.settings import TrainingSettings
from towpath.v1 import ClassLabel, Document, Feedback, ModelRelease

__all__ = ["NAME", "ONLINE", "TEXT", "Rig", "Sent", "counted", "documents", "feedback"]

NAME = "tweet-sentiment"
TEXT = (Path(__file__).parents[2] / "objective.yaml").read_text()
ONLINE = "online: {minFeedback: 20, publishEvery: 40, learningRate: 1.0}"
Sent = tuple[str, str, ProtoMessage]


class Rig:
    """An installation in memory where a release reigns."""

    def __init__(self, home: Path, broker: Broker, registry: Registry) -> None:
        self.broker, self.registry, self.codec = broker, registry, Codec()
        self.broker.create_topics(self.registry.specs())
        self.releases = Releases(self.broker, self.codec, self.registry)
        self.home = home
        self.objective = home / "objective.yaml"
        self.objective.write_text(TEXT.replace("rollout:", f"{ONLINE}\n    rollout:"))
        self.static = self.release(0)
        self.releases.publish(self.static)

    def release(self, seed: int) -> ModelRelease:
        folder = build_tiny_bundle(self.home / "made", seed=seed)
        sha256 = manifest_sha256(folder)
        target = self.home / "bundles" / release_id_of(sha256)
        target.parent.mkdir(exist_ok=True)
        folder.replace(target)
        return ModelRelease(
            release_id=target.name,
            model_name=NAME,
            bundle_uri=target.as_uri(),
            bundle_sha256=sha256,
            run_id=f"run-{seed}",
        )

    def send(self, sent: Sequence[Sent]) -> None:
        messages = [
            self.codec.encode(message, topic=self.registry.full_name(topic), key=key) for topic, key, message in sent
        ]
        with self.broker.producer(client_id="test") as producer:
            producer.send(messages, timeout_s=5)

    def reigning(self) -> ModelRelease:
        found = self.releases.reigning(NAME, threading.Event())
        assert found is not None
        return found

    def released(self) -> list[ModelRelease]:
        return list(read_history(self.broker, self.codec, self.releases.topic, ModelRelease, client_id="test"))

    @contextmanager
    def running(self, home: Path | None = None) -> Iterator[TrainingMetrics]:
        metrics, stop = TrainingMetrics(CollectorRegistry()), threading.Event()
        settings = TrainingSettings(
            home=home or self.home,
            objective=self.objective,
            topic_prefix=self.registry.prefix,
            training_online_grace_s=0,
        )
        ports = Ports(self.codec, self.releases, Versions(settings.home, None), metrics, settings)
        loop = OnlineLoop(self.broker, self.registry, ports, backoff=Backoff(cap_s=0.01), look_s=0.02)
        thread = threading.Thread(target=loop.loop, args=(stop,))
        thread.start()
        try:
            yield metrics
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()


def documents(count: int) -> list[Sent]:
    return [("documents", f"doc-{n}", Document(document_id=f"doc-{n}", text=f"text {n}")) for n in range(count)]


def feedback(numbers: range, label: str) -> list[Sent]:
    return [
        (
            "feedback",
            f"doc-{n}",
            Feedback(feedback_id=f"fb-{n}-{label}", document_id=f"doc-{n}", class_label=ClassLabel(label=label)),
        )
        for n in numbers
    ]


def counted(metrics: TrainingMetrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("towpath_training_online_feedback_total", {"outcome": outcome}) or 0.0
