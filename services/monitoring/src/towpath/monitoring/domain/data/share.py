"""One check's watch: is more found than the objective allows, or, where it says nothing, another share than before?"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from towpath.monitoring.domain.data.bets import above, below
from towpath.monitoring.domain.data.detector import CHUNK, Crossed, Detector
from towpath.monitoring.domain.drift.bets import BETS, cells
from towpath.monitoring.domain.drift.ranks import Ranks

__all__ = ["Looked", "Share", "ShareAlarm"]

_REMEMBERED = 4096
_SHOWN = 10
_DAY_S = 86_400.0
_MOST = 1e-3
# While a share is above its limit, that it is back is said wrongly once in so many documents at most, on average.
_OVER = 1 / 1000


class Looked(NamedTuple):
    """A document: what a check says of it, a number from 0 to 1 that is chance, and when it was read."""

    document_id: str
    found: bool
    tie: float
    at: float


@dataclass
class ShareAlarm:
    """Shares are 0 to 1: of the documents before it began (nan where there were none), and of the `since` documents
    from then to the alarm. `adopted`: it is known from the topic `alerts`, as after a restart."""

    before: float
    after: float
    since: int
    began_at: float
    fired_at: float
    log_evidence: float
    document_ids: tuple[str, ...]
    back: Detector
    adopted: bool = False


class Share:
    """`limit`: 0 to 1, None where the objective has none. `rate`: false alarms a second that it may make."""

    def __init__(self, name: str, limit: float | None, rate: float) -> None:
        self.name, self.limit, self.rate, self.documents = name, limit, rate, 0
        self.alarm: ShareAlarm | None = None
        self._detector = Detector(BETS if limit is None else above(limit))
        self._ranks = Ranks(1)
        self._trail: deque[tuple[Looked, int]] = deque(maxlen=_REMEMBERED)

    @property
    def capital(self) -> float:
        """0 to 1, where it alarms; 1 while an alarm lasts."""
        return self._detector.capital if self.alarm is None else 1.0

    def step(self, looked: Sequence[Looked], seconds: float) -> None:
        """The next documents, read `seconds` after those before them, for which they are paid in equal parts."""
        if not looked:
            return
        paid = min(_MOST, self.rate * min(max(0.0, seconds), _DAY_S) / len(looked))
        self.documents += len(looked)
        rest = list(looked)
        while rest:
            del rest[: self._take(rest[:CHUNK], paid)]

    def adopt(self, evidence: Mapping[str, float], began_at: float, fired_at: float, ids: Sequence[str]) -> None:
        """An alarm that was told before a restart lasts until documents show that it is over."""
        if self.alarm is None and "after" in evidence:
            before, after = evidence.get("before", float("nan")), evidence["after"]
            since, logs = int(evidence.get("since", 0)), evidence.get("log10_evidence", 0.0) * float(np.log(10))
            back = self._back(before, after)
            self.alarm = ShareAlarm(before, after, since, began_at, fired_at, logs, tuple(ids), back, adopted=True)

    def end(self) -> None:
        """What comes is compared with what comes, or with the limit, anew."""
        self.alarm = None
        self._detector = Detector(self._detector.table)
        self._ranks.restart(0)
        self._trail.clear()

    def _take(self, looked: Sequence[Looked], paid: float) -> int:
        """How many of them were taken: one that changes the state is the last."""
        found = np.array([each.found for each in looked], dtype=np.intp)
        if self.alarm is not None:
            over = self.alarm.back.step(found, np.full(len(found), _OVER))
            if over is None:
                return len(found)
            self.end()
            return over.document + 1
        ties = np.array([each.tie for each in looked])
        into = found if self.limit is not None else cells(self._ranks.step(found[:, None].astype(float), ties)[:, 0])
        crossed = self._detector.step(into, np.full(len(into), paid))
        taken = len(into) if crossed is None else crossed.document + 1
        self._trail.extend(zip(looked[:taken], into[:taken].tolist(), strict=True))
        if crossed is not None:
            self.alarm = self._alarm(crossed)
        return taken

    def _alarm(self, crossed: Crossed) -> ShareAlarm:
        into = [cell for _, cell in self._trail]
        began = self._detector.since(into, crossed.bet)
        earlier = [each.found for each, _ in islice(self._trail, began)]
        changed = [each for each, _ in islice(self._trail, began, None)]
        before = float(np.mean(earlier)) if earlier else float("nan")
        after = float(np.mean([each.found for each in changed]))
        more = self.limit is not None or not after < before
        return ShareAlarm(
            before=before,
            after=after,
            since=len(changed),
            began_at=changed[0].at,
            fired_at=changed[-1].at,
            log_evidence=self._detector.log_evidence(into[began:], crossed.bet),
            document_ids=tuple([each.document_id for each in changed if each.found == more][:_SHOWN]),
            back=self._back(before, after),
        )

    def _back(self, before: float, after: float) -> Detector:
        """Bets that it is over: surely on the right side of the limit, or half the way back."""
        if self.limit is not None:
            return Detector(below(self.limit))
        middle = (after + (0.0 if np.isnan(before) else before)) / 2
        return Detector(above(middle) if after < before else below(middle))
