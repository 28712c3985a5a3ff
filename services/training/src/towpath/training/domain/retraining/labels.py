"""How many documents were newly annotated since a moment."""

from __future__ import annotations

import bisect
from collections.abc import Collection
from dataclasses import dataclass, field

__all__ = ["NewDocuments"]


@dataclass
class NewDocuments:
    """Counts documents, not annotations: twenty raters of one tweet are one tweet, new when as many as a run wants
    (`raters`) have spoken."""

    raters: int = 1
    _known: set[str] = field(default_factory=set)
    _raters: dict[str, set[str]] = field(default_factory=dict)
    _times: list[float] = field(default_factory=list)

    def annotated(self, document_id: str, rater_id: str, at: float) -> None:
        """In the order of the topic; a rater of a document counts once."""
        if not document_id or document_id in self._known:
            return
        spoken = self._raters.setdefault(document_id, set())
        spoken.add(rater_id)
        if len(spoken) >= self.raters:
            self._known.add(document_id)
            del self._raters[document_id]
            # In the order of time but for partitions that are read one after the other.
            bisect.insort(self._times, at)

    @property
    def labelled(self) -> Collection[str]:
        """Ids of all of them."""
        return self._known

    def since(self, at: float) -> int:
        return len(self._times) - bisect.bisect_left(self._times, at)
