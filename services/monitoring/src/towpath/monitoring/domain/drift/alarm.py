"""That a score has changed, and what is kept of it while it lasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.drift.back import Return
from towpath.monitoring.domain.drift.harm import Extra, ExtraCost, Prices
from towpath.monitoring.domain.drift.trail import LENGTH, Change

__all__ = ["Alarm"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alarm:
    """`since`: documents from the change to the alarm; `before` and `after`: means, of what is normal and of those."""

    score: str
    fired_at: float
    began_at: float
    since: int
    log10_evidence: float
    before: float
    after: float
    document_ids: tuple[str, ...]
    back: Return
    extra: ExtraCost | None

    @classmethod
    def of(cls, score: str, change: Change, fired_at: float, reference: Floats, prices: Prices | None) -> Alarm:
        """`reference` (m,): values of the score that are normal."""
        extra = None if prices is None else ExtraCost(prices, LENGTH)
        if extra is not None:
            extra.add(change.cost)
        return cls(
            score=score,
            fired_at=fired_at,
            began_at=change.began_at,
            since=len(change.values),
            log10_evidence=change.log_evidence / float(np.log(10)),
            before=float(reference.mean()),
            after=float(change.values.mean()),
            document_ids=change.document_ids,
            back=Return(reference, change.values),
            extra=extra,
        )

    def cost(self) -> Extra | None:
        """None where nothing is priced."""
        return None if self.extra is None else self.extra.look()

    def wait(self, values: Floats, cost: Floats, income: Floats) -> bool:
        """Of the next documents (n,): whether it is over."""
        over = self.back.step(values, income)
        if self.extra is not None:
            self.extra.add(cost if over is None else cost[: over + 1])
        return over is not None
