"""Learning from feedback as it comes, where the objective has `delivery.online`.

Documents, feedback, releases and rollouts are read from the start of their topics in one order, so that a restart comes
to the same head; nothing is released before that has caught up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.core.objective import Objective, load_objective
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Consumer, Partition, Registry
from towpath.training.domain.online.order import InOrder
from towpath.training.domain.online.releases import static_of
from towpath.training.online import OnlineLearning, Ports

__all__ = ["OnlineLoop"]

_log = structlog.get_logger(__name__)
_HELD = 2000
"""Records of a partition that wait for others' before it is paused."""


@dataclass
class OnlineLoop:
    """One thread. It begins anew with each static release, and whenever Kafka or the store was away."""

    broker: Broker
    registry: Registry
    ports: Ports
    backoff: Backoff = field(default_factory=lambda: Backoff(cap_s=15.0))
    look_s: float = 5.0
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                objective = load_objective(self.ports.settings.objective)
                learning = self._begin(objective, stop)
                if learning is None:
                    stop.wait(self.look_s)
                    continue
                self._follow(learning, stop)
            except (TowpathError, OSError, ValueError) as error:
                if not stop.is_set():
                    _log.warning("training.online_waiting", reason=str(error)[:1000])
                self.backoff.wait(stop)

    def _begin(self, objective: Objective, stop: threading.Event) -> OnlineLearning | None:
        online = objective.contract.delivery.online
        reigning = self.ports.releases.reigning(objective.name, stop) if online is not None else None
        if online is None or reigning is None:
            self.ports.metrics.online_reigns.set(0)
            return None
        static = self.ports.versions.load(static_of(reigning))
        if static.model.classes != objective.classes:
            raise RejectedError(
                f"{static.release.release_id} knows the classes {', '.join(static.model.classes)}, the objective "
                f"{', '.join(objective.classes)}: the online head waits for a release of this objective (towpath train)"
            )
        return OnlineLearning(objective, online, static, reigning, self.ports)

    def _follow(self, learning: OnlineLearning, stop: threading.Event) -> None:
        """Until `stop`, or another static release reigns."""
        topics = {self.registry.full_name(name): name for name in ("documents", "feedback", "models", "rollouts")}
        with self.broker.consumer(list(topics), group=None, client_id="towpath-training-online") as reader:
            order, ends = InOrder(), reader.end_offsets()
            while not stop.is_set() and not learning.superseded:
                # Asked before reading: what is there by then has been read when a partition is at its end.
                until = self.now_ms() - int(self.ports.settings.training_online_grace_s * 1000)
                latest = reader.end_offsets()
                for record in reader.poll(timeout_s=0.2, max_records=_HELD).records:
                    order.add(record)
                self._pause(reader, order)
                self.backoff.reset()
                read_up = {partition: reader.position(partition) >= end for partition, end in latest.items()}
                for at_ms, record in order.take(read_up, until):
                    learning.take(topics[record.topic], record, at_ms)
                    if stop.is_set():
                        raise RetryableError("interrupted by a shutdown")
                caught_up = all(reader.position(each) >= end for each, end in ends.items()) and not order.before(until)
                # What was released in the last seconds may be somebody's answer to what is wanted here.
                if caught_up and not any(order.holding(each) for each in ends if topics[each.topic] == "models"):
                    learning.reconcile(stop)

    @staticmethod
    def _pause(reader: Consumer, order: InOrder) -> None:
        full = [each for each in reader.assignment() if order.holding(each) >= _HELD]
        reader.pause(full)
        free: list[Partition] = [each for each in reader.assignment() if each not in full]
        reader.resume(free)
