"""Which head reigns: the online one from when it is shown to be cheaper, and only for as long as that is shown anew.

Three questions, each with evidence of its own (`Evidence`), on cost differences online - static of single documents:

- The static head reigns: is the online one cheaper? Over the life of a static release the online head takes over
  without being cheaper with probability at most 1 - confidence, all attempts together.
- The online head reigns: is it dearer by now? Then the static one gets it back at once.
- The online head reigns: can it still be shown to be cheaper? The reign is a lease. It is renewed when that is shown
  again from nothing but what came since it began, within four times as many documents as it took, 20 `min_feedback` at
  least. So an advantage that fades away, without ever becoming a loss, ends the reign, too.

Giving back is cheap (the static release passed the gate), keeping what is no longer cheaper is not: hence a lease, not
a second test to be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from towpath.core.objective.parts import Online
from towpath.training.domain.online.evidence import Evidence

__all__ = ["Change", "OnlineGate"]

Change = Literal["taken over", "dearer", "not shown to be cheaper"]
_PROOFS, _LEASE = 4, 20


@dataclass
class _Reign:
    lease: Evidence
    limit: int
    dearer: Evidence


class OnlineGate:
    """`most`: the largest difference that two decisions about one document can have, in the objective's unit."""

    def __init__(self, online: Online, most: float) -> None:
        self._online, self._most = online, most
        self._cheaper = self._evidence()
        self._reign: _Reign | None = None

    @property
    def reigns(self) -> bool:
        return self._reign is not None

    @property
    def doubt(self) -> float:
        """That it is not cheaper after all, by what has been seen since it was last shown to be: a p-value."""
        return (self._cheaper if self._reign is None else self._reign.lease).doubt

    def add(self, difference: float) -> Change | None:
        """The cost of a document by the head that would act, minus that by the static one. Returns what changes."""
        return self._challenge(difference) if self._reign is None else self._defend(self._reign, difference)

    def give_back(self) -> None:
        """The static head reigns; the next attempt begins with nothing shown."""
        self._reign = None
        self._cheaper = self._evidence(first=self._cheaper.next)

    def _challenge(self, difference: float) -> Change | None:
        self._cheaper.add(difference)
        if self._cheaper.count < self._online.min_feedback or not self._cheaper.against(self._online.confidence):
            return None
        self._reign = _Reign(self._evidence(), self._limit(self._cheaper.count), self._evidence())
        return "taken over"

    def _defend(self, reign: _Reign, difference: float) -> Change | None:
        reign.lease.add(difference)
        reign.dearer.add(-difference)
        if reign.dearer.against(self._online.confidence):
            self.give_back()
            return "dearer"
        if reign.lease.against(self._online.confidence):
            reign.limit, reign.lease = self._limit(reign.lease.count), self._evidence()
        elif reign.lease.count >= reign.limit:
            self.give_back()
            return "not shown to be cheaper"
        return None

    def _limit(self, took: int) -> int:
        return max(_PROOFS * took, _LEASE * self._online.min_feedback)

    def _evidence(self, first: int = 1) -> Evidence:
        return Evidence(self._most, self._online.min_feedback, first=first)
