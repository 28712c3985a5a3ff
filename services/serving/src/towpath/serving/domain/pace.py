"""How many documents go into one transaction: as many as wait, while it does not take too long."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]

_FIRST = 32  # before anything was measured
_WEIGHT = 0.3  # of the last batch in the running mean


@dataclass
class Pace:
    """At most `documents`, and at most what is predicted in `seconds`, by the speed of the last batches.

    A document that comes alone goes alone: nothing ever waits for a batch to fill.
    """

    documents: int
    seconds: float
    _rate: float | None = None

    def most(self) -> int:
        """Of the next batch; one at least."""
        if self._rate is None:
            return min(self.documents, _FIRST)
        return max(1, min(self.documents, int(self._rate * self.seconds)))

    def measured(self, documents: int, seconds: float) -> None:
        """Note a batch's inference. Small ones say little: what a call costs whatever its size is most of it."""
        if documents == 0 or seconds <= 0 or (documents < _FIRST and documents < self.most()):
            return
        rate = documents / seconds
        self._rate = rate if self._rate is None else (1 - _WEIGHT) * self._rate + _WEIGHT * rate
