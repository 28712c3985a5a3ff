"""Following `models` and `rollouts`: the last release of a model's name serves, the last rollout of it says who
challenges."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog
from google.protobuf.message import Message

from towpath.core.errors import DeadLetterError, RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Record, Registry, read_until
from towpath.model import BundleError
from towpath.serving.adapters.rollouts import Challengers
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import ModelRelease, Rollout

__all__ = ["ReleaseFollower"]

_log = structlog.get_logger(__name__)
M = TypeVar("M", bound=Message)


@dataclass
class ReleaseFollower:
    """Loads each release in its own thread and puts it into the slot; one that is refused changes nothing.

    One that cannot be fetched because the store is away is tried again until it can, or until a newer one serves.
    """

    broker: Broker
    codec: Codec
    registry: Registry
    load: Callable[[ModelRelease], Serving]
    slot: ModelSlot
    metrics: ServingMetrics
    model_name: str | None = None
    alarm: Callable[[ModelRelease, str], None] = lambda _, __: None
    refusal: str | None = None
    backoff: Backoff = field(default_factory=Backoff)
    store_backoff: Backoff = field(default_factory=lambda: Backoff(base_s=0.5, cap_s=15.0))
    _waiting: ModelRelease | None = None
    _seen: dict[tuple[str, int], int] = field(default_factory=dict)
    _traces: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._challengers = Challengers(self._load, self.slot, self.metrics, self._refuse)
        self._models, self._rollouts = (self.registry.full_name(name) for name in ("models", "rollouts"))

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Kafka being away is waited out; the topics are read again from their start."""
        topics = [self._models, self._rollouts]
        while not stop.is_set():
            try:
                with self.broker.consumer(topics, group=None, client_id="towpath-serving-models") as consumer:
                    # Both topics as of now: who serves before he knows of a canary answers out of turn.
                    self._follow(list(read_until(consumer, consumer.end_offsets(), stop)))
                    while not stop.is_set():
                        batch = consumer.poll(timeout_s=0.5)
                        self.backoff.reset()
                        self._follow(batch.records)
                        if self._waiting is not None:
                            self.store_backoff.wait(stop)
            except RetryableError as error:
                _log.info("serving.releases_waiting", reason=str(error))
                self.backoff.wait(stop)

    def _follow(self, records: Sequence[Record]) -> None:
        unseen = self._unseen(records)
        for record in unseen:
            if record.topic == self._rollouts and (rollout := self._decode(record, Rollout)) is not None:
                self._challengers.note(rollout)
        self._take_newest([each for each in unseen if each.topic == self._models])
        if self._waiting is None:
            self._traces.clear()
        settled = self._challengers.settle()
        self.metrics.waiting.set(self._waiting is not None or not settled)

    def _take_newest(self, records: Sequence[Record]) -> None:
        """The newest that can be served: loading those before it would be for nothing."""
        waiting, self._waiting = self._waiting, None
        releases = self._releases(records)
        for release in reversed([waiting, *releases] if waiting is not None else releases):
            try:
                if self.take(release):
                    break
            except RetryableError as error:
                self._wait_for(release, str(error))
                if self.slot.get() is not None:
                    break
                # Nothing serves yet: an older one that is still on this machine is better.

    def take(self, release: ModelRelease) -> bool:
        """Serve `release` from the next batch on; False when its bundle is refused.

        Raises:
            RetryableError: the store is away; what serves serves on.
        """
        serving = self.slot.get()
        if serving is not None and serving.release.release_id == release.release_id:
            return True
        try:
            loaded = self._challengers.promoted(release.release_id) or self._load(release)
        except BundleError as error:
            self._refuse(release, str(error))
            return False
        if self._waiting is None:
            self.refusal = None
            self.store_backoff.reset()
        challenger = serving.challenger if serving is not None else None
        if challenger is not None and challenger.release.release_id != release.release_id:
            loaded = replace(loaded, challenger=challenger)
        self.slot.put(self._challengers.beside(loaded))
        self.metrics.model.clear()
        self.metrics.model.labels(release.release_id).set(1)
        self.metrics.predictions.labels(release.release_id)
        trace_id = self._traces.get(release.release_id, "")
        _log.info("serving.release_loaded", release_id=release.release_id, model=release.model_name, trace_id=trace_id)
        return True

    def _load(self, release: ModelRelease) -> Serving:
        try:
            return self.load(release)
        except (BundleError, RetryableError):
            raise
        except Exception as error:
            # A release is somebody's message and its bundle goes through three native libraries. Whatever they raise,
            # the process must not die of it: the message would be read again at the next start.
            _log.exception("serving.release_unexpected", release_id=release.release_id)
            raise BundleError(f"it cannot be loaded: {error!r}"[:500]) from error

    def _wait_for(self, release: ModelRelease, reason: str) -> None:
        if self._waiting is not None:
            return  # for a newer one
        self._waiting = release
        self.refusal = f"release {release.release_id} is waited for: {reason}"
        tries = self.store_backoff.tries
        _log.warning("serving.release_waiting", release_id=release.release_id, reason=reason, tries=tries)

    def _refuse(self, release: ModelRelease, reason: str) -> None:
        self.refusal = f"release {release.release_id} was refused: {reason}"
        self.metrics.refused.inc()
        _log.error("serving.release_refused", release_id=release.release_id, reason=reason)
        self.alarm(release, reason)

    def _releases(self, records: Sequence[Record]) -> list[ModelRelease]:
        decoded = [release for record in records if (release := self._decode(record, ModelRelease)) is not None]
        return [release for release in decoded if self.model_name in (None, release.model_name)]

    def _unseen(self, records: Sequence[Record]) -> list[Record]:
        # Read again from the start, a topic shows old releases first: none of them may serve again on the way.
        unseen = []
        for record in records:
            place = record.topic, record.partition
            if record.offset > self._seen.get(place, -1):
                self._seen[place] = record.offset
                unseen.append(record)
        return unseen

    def _decode(self, record: Record, kind: type[M]) -> M | None:
        if record.value is None:
            return None  # a tombstone: the name is retired, and what serves serves on
        try:
            envelope = self.codec.decode(record, kind)
        except DeadLetterError as error:
            _log.error("serving.release_unreadable", topic=record.topic, offset=record.offset, reason=str(error))
            return None
        if isinstance(envelope.message, ModelRelease):
            self._traces[envelope.message.release_id] = envelope.trace_id
        return envelope.message
