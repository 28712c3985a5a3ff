"""Whether requests want the processor: what runs beside them gives way, as threads of Python take turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Pace"]


@dataclass
class Pace:
    """Idle where nothing was sent to Kafka for `quiet_s`. Threads may share it."""

    quiet_s: float = 2.0
    clock: Callable[[], float] = time.monotonic
    _last: float = float("-inf")

    def work(self) -> None:
        self._last = self.clock()

    @property
    def idle(self) -> bool:
        return self.clock() - self._last >= self.quiet_s
