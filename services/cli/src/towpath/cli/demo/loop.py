"""What the second act knows so far: the world changes, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from towpath.cli.demo.reader import Seen
from towpath.cli.demo.tweets import Tweet

__all__ = ["Loop", "asked_for", "more"]


@dataclass
class Loop:
    """`films`: snippets in the order in which they arrive; `sent` of them have. Times are seconds since the epoch.

    `wanted`: documents that are labelled before the run. `alert`: the first about the films, which need not be the one
    that is worth a run; `priced`: what feedback
    says of their cost, where it alarms; `question`: for labels. `before`, `tried`, `after`: the films that came before
    the new release was tried, while it was, and when it reigned.
    """

    films: Sequence[Tweet] = ()
    wanted: int = 0
    began: float = 0.0
    sent: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)
    changes: Sequence[str] = ()
    capital: list[float] = field(default_factory=list)
    until_alarm: int = 0
    alert: Mapping[str, Any] = field(default_factory=dict)
    priced: Mapping[str, Any] = field(default_factory=dict)
    question: Mapping[str, Any] = field(default_factory=dict)
    ratings: int = 0
    run: Mapping[str, Any] = field(default_factory=dict)
    rollout: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    promoted: float = 0.0
    before: Sequence[Tweet] = ()
    tried: Sequence[Tweet] = ()
    after: Sequence[Tweet] = ()
    realised: float | None = None
    first_decisions: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def next(self, count: int) -> Sequence[Tweet]:
        """The films that come next, fewer where there are no more; they count as sent."""
        chosen = self.films[self.sent : self.sent + count]
        self.sent += len(chosen)
        return chosen


def more(alert: Mapping[str, Any], unit: str) -> str:
    """An alert's price in words."""
    extra = float(alert["extraCostPerThousand"])
    return f"{abs(extra):,.1f} {unit} {'more' if extra >= 0 else 'less'} per 1,000 documents"


def asked_for(wanted: int, named: Iterable[str], arrived: Sequence[Tweet], known: Mapping[str, Tweet]) -> list[Tweet]:
    """`wanted` documents to label: those that were named and are known, then what arrived, in its order."""
    first = [known[each] for each in dict.fromkeys(named) if each in known]
    names = {each.document_id for each in first}
    rest = [each for each in arrived if each.document_id not in names]
    return [*first, *rest][:wanted]
