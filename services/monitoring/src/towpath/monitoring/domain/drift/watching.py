"""One quantity's watch: each of its scores is compared, alarms, and waits until that is over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.drift.alarm import Alarm
from towpath.monitoring.domain.drift.bets import cells
from towpath.monitoring.domain.drift.columns import Columns
from towpath.monitoring.domain.drift.detector import CHUNK, Detector
from towpath.monitoring.domain.drift.harm import Prices
from towpath.monitoring.domain.drift.income import Income
from towpath.monitoring.domain.drift.ranks import Ranks
from towpath.monitoring.domain.drift.scores import Watched
from towpath.monitoring.domain.drift.trail import LENGTH, Trail

__all__ = ["Watching"]

Floats = NDArray[np.float64]
_SHOWN = 10
_ENDS = 64
_ENOUGH = 50


class Watching:
    """Of one quantity of one release. `rate`: false alarms a second that it may make.

    A score that has alarmed looks for nothing else. It is over when documents are as the reference's again, or when
    somebody says so. What comes then is ranked among what comes, and no more among the reference's documents: they have
    been used, and to use them twice would find the same chance twice.

    Documents are taken in blocks of `CHUNK`, in which a score changes its state once: it is counted on from the next
    block on. So it is the same in however many calls they come.
    """

    def __init__(self, watched: Watched, prices: Prices | None, rate: float) -> None:
        scores = len(watched.names)
        self.watched, self.rate, self.documents = watched, rate, 0
        self._prices, self._income = prices, Income(rate)
        self._ranks, self._detector, self._trail = Ranks(scores), Detector(scores), Trail()
        self._ranks.begin(watched.to_unit(watched.calibration))
        self._alarms: dict[int, Alarm] = {}
        # Scores whose state changes at the next block, and since which document each is compared.
        self._new, self._over = set[int](), set[int]()
        self._since = [0] * scores
        self._ended: list[float] = []

    @property
    def alarm(self) -> Alarm | None:
        """The first that lasts."""
        lasting = (each for score, each in self._alarms.items() if score not in self._over and not self._ended_by(each))
        return next(lasting, None)

    @property
    def capital(self) -> float:
        """0 to 1, where it alarms; 1 while an alarm lasts."""
        return self._detector.capital if self.alarm is None else 1.0

    @property
    def promised(self) -> float | None:
        """What a document of the reference is expected to cost; None where that is not known."""
        return None if self._prices is None else self._prices.promised

    def end(self, at: float) -> None:
        """Somebody said, at that time, that what has alarmed is over: documents made later are new.

        It counts, too, where that alarm is found only afterwards, as when history is read again.
        """
        self._ended = [*self._ended[-(_ENDS - 1) :], at]

    def step(self, columns: Columns, ids: Sequence[str], at: Floats, ties: Floats) -> None:
        """The next documents (n,), in their order."""
        values = self.watched.values(columns)
        known = np.flatnonzero(np.isfinite(values).all(axis=1))
        while len(known):
            left = CHUNK - self.documents % CHUNK
            rows, known = known[:left], known[left:]
            if left == CHUNK:
                self._turn(float(at[rows[0]]))
            names = [ids[row] for row in rows.tolist()]
            self._take(values[rows], names, at[rows], ties[rows], columns.cost[rows])

    def _turn(self, at: float) -> None:
        self._over |= {score for score, each in self._alarms.items() if self._ended_by(each, before=at)}
        for score in self._over:
            del self._alarms[score]
            self._ranks.restart(score)
            self._since[score] = self.documents
        self._new, self._over = set(), set()

    def _take(self, values: Floats, ids: Sequence[str], at: Floats, ties: Floats, cost: Floats) -> None:
        income = self._income.paid(at)
        into = cells(self._ranks.step(self.watched.to_unit(values), ties))
        self._trail.add(into, values, at, cost, ids)
        self.documents += len(at)
        for score, alarm in self._alarms.items():
            if score not in self._new and score not in self._over and alarm.wait(values[:, score], cost, income):
                self._over.add(score)
        on = None if not self._alarms else np.array([each not in self._alarms for each in range(values.shape[1])])
        for document, score, bet in self._detector.step(into, income, on):
            self._alarm(score, bet, len(at) - 1 - document, float(at[document]))

    def _alarm(self, score: int, bet: int, later: int, at: float) -> None:
        """`later`: documents of the trail that came after it."""
        compared = min(self.documents - self._since[score], LENGTH)
        span = slice(-compared, -later or None)
        change = self._trail.change(score, bet, span, _SHOWN)
        reference = self.watched.calibration[:, score]
        if self._since[score] and len(change.earlier) >= _ENOUGH:
            reference = change.earlier  # what has been normal since the last alarm was over
        self._alarms[score] = Alarm.of(self.watched.names[score], change, at, reference, self._prices)
        self._new.add(score)

    def _ended_by(self, alarm: Alarm, before: float = np.inf) -> bool:
        return any(alarm.fired_at <= each < before for each in self._ended)
