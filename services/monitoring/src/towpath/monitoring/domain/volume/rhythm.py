"""All scales together: what has alarmed, and until when."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from towpath.monitoring.domain.volume.counts import PER_DAY, SLOT_S, Counts
from towpath.monitoring.domain.volume.usual import DIRECTIONS, SCALES, Direction
from towpath.monitoring.domain.volume.watching import VolumeAlarm, Watching

__all__ = ["Rhythm"]

_ENDS = 64


class Rhythm:
    """`rate`: false alarms a second that may be made. Slots are judged once, in their order."""

    def __init__(self, rate: float) -> None:
        self.counts, self.rate = Counts(), rate
        self.scales = [Watching(scale, rate / len(SCALES)) for scale in SCALES]
        self._next: int | None = None
        self._since = 0
        self._ended: list[float] = []

    def end(self, at: float) -> None:
        """Somebody said at that time that what had alarmed is how it is now: what came before it is not usual."""
        self._ended = [*self._ended[-(_ENDS - 1) :], at]

    def advance(self, until: int) -> bool:
        """Judge what ends before the slot `until`; whether there was anything to judge."""
        if self.counts.since is None or until <= (self._next or 0):
            return False
        self.counts.advance(until)
        since = self.counts.since
        for slot in range(max(since, self._next or 0), until):
            self._heed(slot)
            self._judge(slot + 1, since)
        self._next = until
        return True

    @property
    def alarm(self) -> VolumeAlarm | None:
        """The first that lasts."""
        lasting = [each for each in self._alarms() if not any(each.fired_at <= end for end in self._ended)]
        return min(lasting, key=lambda each: each.fired, default=None)

    @property
    def days(self) -> float:
        """Of which documents are known."""
        since = self.counts.since
        return 0.0 if since is None else max(0, self.counts.latest + 1 - max(since, self._since)) / PER_DAY

    @property
    def last(self) -> int:
        """Documents in the last slot that was judged."""
        return int(self.counts.sums(np.array([self._next - 1]), 1)[0]) if self._next else 0

    def capital(self, direction: Direction) -> float:
        """The highest of a scale's."""
        return max(each.capital(direction) for each in self.scales)

    def _alarms(self) -> Iterator[VolumeAlarm]:
        return (alarm for each in self.scales for alarm in each.alarms.values())

    def _judge(self, end: int, since: int) -> None:
        """The stretches that end with the slot before `end`."""
        for watching in self.scales:
            start = end - watching.scale.slots
            if end % watching.scale.slots == 0 and start >= since:
                watching.step(self.counts, start, max(since, self._since))
        for number, watching in enumerate(self.scales):
            # Where documents are back after a silence, a shorter time shows it.
            if any(each.is_over("silence") for each in self.scales[: number + 1]):
                self._over(watching, "silence")
            if watching.is_over("flood"):
                self._over(watching, "flood")

    def _over(self, watching: Watching, direction: Direction) -> None:
        if direction in watching.alarms:
            watching.end(direction)

    def _heed(self, slot: int) -> None:
        """What was ended before this slot."""
        ended = [
            each for each in self._alarms() if any(each.fired_at <= end < (slot + 1) * SLOT_S for end in self._ended)
        ]
        if not ended:
            return
        self._since = max(self._since, min(each.began for each in ended))
        for watching in self.scales:
            for direction in DIRECTIONS:
                watching.end(direction)
