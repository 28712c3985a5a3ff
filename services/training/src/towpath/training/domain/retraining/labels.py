"""How many documents were newly annotated since a moment."""

from __future__ import annotations

import bisect
from collections.abc import Collection
from dataclasses import dataclass, field

__all__ = ["NewDocuments"]


@dataclass
class NewDocuments:
    """Counts documents, not annotations: twenty raters of one tweet are one tweet, new when the first of them spoke."""

    _known: set[str] = field(default_factory=set)
    _times: list[float] = field(default_factory=list)

    def annotated(self, document_id: str, at: float) -> None:
        """In the order of the topic; repeats count once."""
        if document_id and document_id not in self._known:
            self._known.add(document_id)
            # In the order of time but for partitions that are read one after the other.
            bisect.insort(self._times, at)

    @property
    def labelled(self) -> Collection[str]:
        """Ids of all of them."""
        return self._known

    def since(self, at: float) -> int:
        return len(self._times) - bisect.bisect_left(self._times, at)
