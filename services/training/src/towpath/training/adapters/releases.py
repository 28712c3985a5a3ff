"""Releases on the topic `models`: which one reigns, and putting another on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.v1 import ModelRelease

__all__ = ["Releases"]

_CLIENT = "towpath-training"
_SEND_LIMIT_S = 30.0


@dataclass(frozen=True)
class Releases:
    broker: Broker
    codec: Codec
    registry: Registry

    @property
    def topic(self) -> str:
        return self.registry.full_name("models")

    def reigning(self, name: str, stop: threading.Event) -> ModelRelease | None:
        """The last release of a model's name.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
        """
        last = None
        for release in read_history(self.broker, self.codec, self.topic, ModelRelease, client_id=_CLIENT, stop=stop):
            last = release if release.model_name == name else last
        return last

    def publish(self, release: ModelRelease) -> None:
        """Returns once Kafka has it.

        Raises:
            RetryableError: Kafka went away.
        """
        message = self.codec.encode(release, topic=self.topic, key=release.model_name)
        with self.broker.producer(client_id=_CLIENT) as producer:
            producer.send([message], timeout_s=_SEND_LIMIT_S)
