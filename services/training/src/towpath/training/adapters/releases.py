"""Releases and rollouts on their topics: which one reigns, which is tried, and putting others there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import Message

from towpath.core.ids import new_traceparent
from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.training.domain.rollouts import Change, State
from towpath.v1 import ModelRelease, Rollout

__all__ = ["Releases"]

_CLIENT = "towpath-training"
_SEND_LIMIT_S = 30.0
M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Releases:
    """`deciding` is held from looking at what reigns to having written what shall: by all who decide."""

    broker: Broker
    codec: Codec
    registry: Registry
    deciding: threading.RLock = field(default_factory=threading.RLock)

    @property
    def topic(self) -> str:
        return self.registry.full_name("models")

    @property
    def _rollouts(self) -> str:
        return self.registry.full_name("rollouts")

    def reigning(self, name: str, stop: threading.Event) -> ModelRelease | None:
        """The last release of a model's name.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
        """
        last = None
        for release in self._told(self.topic, ModelRelease, stop):
            last = release if release.model_name == name else last
        return last

    def state(self, name: str, stop: threading.Event, of_runs: Iterable[ModelRelease] = ()) -> State:
        """What both topics say of a model's name. `of_runs`: releases known from elsewhere, the oldest first.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
        """
        known = {each.release_id: each for each in of_runs if each.model_name == name}
        reigning = last = None
        for release in self._told(self.topic, ModelRelease, stop):
            if release.model_name == name:
                reigning = release
                _learn(known, release)
        for rollout in self._told(self._rollouts, Rollout, stop):
            if rollout.model_name == name:
                last = rollout
                _learn(known, rollout.challenger)
        return State(reigning, last, known)

    def by_run(self, stop: threading.Event) -> dict[str, ModelRelease]:
        """Releases that are on one of the topics, by the run that made each.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
        """
        known: dict[str, ModelRelease] = {}
        for release in self._told(self.topic, ModelRelease, stop):
            _learn(known, release)
        for rollout in self._told(self._rollouts, Rollout, stop):
            _learn(known, rollout.challenger)
        return {release.run_id: release for release in known.values() if release.run_id}

    def publish(self, release: ModelRelease) -> None:
        """Returns once Kafka has it.

        Raises:
            RetryableError: Kafka went away.
        """
        self.write(Change("", release))

    def write(self, change: Change, trace_id: str = "") -> None:
        """Returns once Kafka has all of it, the release first: what ends a rollout is written last.

        Args:
            trace_id: of the trace that this goes on with; empty where there is none.

        Raises:
            RetryableError: Kafka went away; some of it may be there.
        """
        trace = new_traceparent(trace_id) if trace_id else None
        with self.broker.producer(client_id=_CLIENT) as producer:
            if change.release is not None:
                name = change.release.model_name
                release = self.codec.encode(change.release, topic=self.topic, key=name, trace=trace)
                producer.send([release], timeout_s=_SEND_LIMIT_S)
            rollouts = [
                self.codec.encode(each, topic=self._rollouts, key=each.model_name, trace=trace)
                for each in change.rollouts
            ]
            if rollouts:
                producer.send(rollouts, timeout_s=_SEND_LIMIT_S)

    def _told(self, topic: str, kind: type[M], stop: threading.Event) -> Iterator[M]:
        return read_history(self.broker, self.codec, topic, kind, client_id=_CLIENT, stop=stop)


def _learn(known: dict[str, ModelRelease], release: ModelRelease) -> None:
    if release.HasField("previous"):
        known.setdefault(release.previous.release_id, release.previous)
    known[release.release_id] = release
