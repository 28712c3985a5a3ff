"""The watch of one scale: too few and too many documents, each until that is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from towpath.monitoring.domain.volume.counts import SLOT_S, Counts
from towpath.monitoring.domain.volume.detector import Suspicion
from towpath.monitoring.domain.volume.usual import DIRECTIONS, Direction, Scale, Usual, pvalue, tie_of

__all__ = ["VolumeAlarm", "Watching"]

_USUAL = 0.1
_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class VolumeAlarm:
    """Slots by number; `fired` is the first one after those that raised it. `usual`: documents in as long a time."""

    direction: Direction
    scale: Scale
    began: int
    fired: int
    documents: int
    usual: float
    log_evidence: float
    known_since: int

    @property
    def began_at(self) -> float:
        """Seconds since the epoch."""
        return float(self.began * SLOT_S)

    @property
    def fired_at(self) -> float:
        return float(self.fired * SLOT_S)


class Watching:
    """Of one scale. `rate`: false alarms a second that it may make, half of them in either direction."""

    def __init__(self, scale: Scale, rate: float) -> None:
        self.scale, self._usual = scale, Usual(scale)
        self._suspicions = {each: Suspicion(rate * scale.slots * SLOT_S / len(DIRECTIONS)) for each in DIRECTIONS}
        self.alarms: dict[Direction, VolumeAlarm] = {}
        self.usual_in_a_row: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self.last_usual = float("nan")

    def capital(self, direction: Direction) -> float:
        """0 to 1; 1 while an alarm lasts."""
        return 1.0 if direction in self.alarms else self._suspicions[direction].capital

    def step(self, counts: Counts, start: int, since: int) -> None:
        """The next stretch, which begins at the slot `start`; what came before the slot `since` is not usual."""
        documents = int(counts.sums(np.array([start]), self.scale.slots)[0])
        before = self._usual.before(counts, start, since)
        if before:
            self._judge(start, documents, before, since)
        self._usual.add(start, since, documents)

    def end(self, direction: Direction) -> None:
        """It is over, as far as this scale is concerned."""
        self.alarms.pop(direction, None)
        self._suspicions[direction].clear()

    def is_over(self, direction: Direction) -> bool:
        """Whether the last stretches were as usual, of those that would have shown it."""
        return self.usual_in_a_row[direction] >= _IN_A_ROW

    def _judge(self, start: int, documents: int, before: Sequence[int], since: int) -> None:
        self.last_usual, tie = float(before[len(before) // 2]), tie_of(start, self.scale.slots)
        for direction in DIRECTIONS:
            p = pvalue(direction, documents, before, tie)
            told = direction == "flood" or pvalue("silence", 0, before, tie) <= _USUAL
            if p > _USUAL and told and (documents or direction == "flood"):
                self.usual_in_a_row[direction] += 1
            elif p <= _USUAL:
                self.usual_in_a_row[direction] = 0
            if direction not in self.alarms:
                self._look(direction, start, documents, p, since)

    def _look(self, direction: Direction, start: int, documents: int, p: float, since: int) -> None:
        run = self._suspicions[direction].step(start, documents, self.last_usual, p)
        if run is not None:
            self.usual_in_a_row[direction] = 0
            fired = start + self.scale.slots
            self.alarms[direction] = VolumeAlarm(
                direction, self.scale, run.start, fired, run.documents, run.usual, run.log_evidence, since
            )
