"""Following the `models` topic: the last release of a model's name is the one that serves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Record
from towpath.model import BundleError
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import ModelRelease

__all__ = ["ReleaseFollower"]

_log = structlog.get_logger(__name__)


@dataclass
class ReleaseFollower:
    """Loads each release in its own thread and puts it into the slot; one that is refused changes nothing."""

    broker: Broker
    codec: Codec
    topic: str
    load: Callable[[ModelRelease], Serving]
    slot: ModelSlot
    metrics: ServingMetrics
    model_name: str | None = None
    refusal: str | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Kafka being away is waited out; the topic is read again from its start."""
        while not stop.is_set():
            try:
                with self.broker.consumer([self.topic], group=None, client_id="towpath-serving-models") as consumer:
                    while not stop.is_set():
                        batch = consumer.poll(timeout_s=0.5)
                        self.backoff.reset()
                        release = self._latest(batch.records)
                        if release is not None:
                            self.take(release)
            except RetryableError as error:
                _log.info("serving.releases_waiting", reason=str(error))
                self.backoff.wait(stop)

    def take(self, release: ModelRelease) -> None:
        """Serve `release` from the next batch on, unless its bundle is refused."""
        serving = self.slot.get()
        if serving is not None and serving.release.release_id == release.release_id:
            return
        try:
            loaded = self.load(release)
        except BundleError as error:
            self.refusal = f"release {release.release_id} was refused: {error}"
            self.metrics.refused.inc()
            _log.error("serving.release_refused", release_id=release.release_id, reason=str(error))
            return
        self.refusal = None
        self.slot.put(loaded)
        self.metrics.model.clear()
        self.metrics.model.labels(release.release_id).set(1)
        _log.info("serving.release_loaded", release_id=release.release_id, model=release.model_name)

    def _latest(self, records: Sequence[Record]) -> ModelRelease | None:
        """Of what one poll returned only the last counts: loading those before it would be for nothing."""
        latest = None
        for record in records:
            release = self._decode(record)
            if release is not None and self.model_name in (None, release.model_name):
                latest = release
        return latest

    def _decode(self, record: Record) -> ModelRelease | None:
        if record.value is None:
            return None  # a tombstone: the name is retired, and what serves serves on
        try:
            return self.codec.decode(record, ModelRelease).message
        except DeadLetterError as error:
            _log.error("serving.release_unreadable", offset=record.offset, reason=str(error))
            return None
