"""Acting on what monitoring says of the running rollout, on `alerts`."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import DeadLetterError, TowpathError
from towpath.core.service import Backoff
from towpath.core.stream import Broker, Codec, Record
from towpath.training.domain.verdicts import MONITOR
from towpath.training.rollouts import RolloutControl
from towpath.v1 import Alert

__all__ = ["Verdicts"]

_log = structlog.get_logger(__name__)


@dataclass
class Verdicts:
    """Reads from the start, with no group: what was decided while nobody read is acted on, and what was acted on is
    known by what runs now, not by an offset."""

    control: RolloutControl
    broker: Broker
    codec: Codec
    topic: str
    backoff: Backoff = field(default_factory=lambda: Backoff(cap_s=15.0))

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`; what is in the way is told and waited out."""
        while not stop.is_set():
            try:
                self._follow(stop)
            except (TowpathError, OSError, ValueError) as error:
                if not stop.is_set():
                    _log.warning("training.verdicts_waiting", reason=str(error)[:500])
                self.backoff.wait(stop)

    def _follow(self, stop: threading.Event) -> None:
        with self.broker.consumer([self.topic], group=None, client_id="towpath-training-verdicts") as reader:
            while not stop.is_set():
                batch = reader.poll(timeout_s=0.5, max_records=2000)
                self.backoff.reset()
                alerts = [alert for alert in map(self._verdict, batch.records) if alert is not None]
                if alerts:
                    self.control.heard(alerts, stop)

    def _verdict(self, record: Record) -> Alert | None:
        if record.value is None:
            return None
        try:
            alert = self.codec.decode(record, Alert).message
        except DeadLetterError as error:
            _log.warning("training.unreadable", topic=record.topic, offset=record.offset, reason=str(error))
            return None
        return alert if alert.monitor == MONITOR else None
