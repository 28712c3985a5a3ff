"""What is counted of a batch once it is committed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from towpath.core.stream import Message
from towpath.v1 import Prediction

__all__ = ["Work", "expected_cost", "latencies"]


@dataclass(frozen=True)
class Work:
    """The messages of one transaction, and what they are to metrics.

    `challenged`: how often the challenger did the same as the champion, another thing, or failed.
    """

    messages: Sequence[Message]
    predictions: Sequence[Prediction]
    dead_letters: Counter[str] = field(default_factory=Counter)
    challenger: str = ""
    challenged: Counter[str] = field(default_factory=Counter)

    def by_release(self) -> Mapping[str, list[Prediction]]:
        """The predictions of each release."""
        found: defaultdict[str, list[Prediction]] = defaultdict(list)
        for each in self.predictions:
            found[each.release_id].append(each)
        return found


def expected_cost(predictions: Sequence[Prediction]) -> float:
    """Sum, in the objective's unit."""
    return sum(each.class_decision.expected_cost for each in predictions)


def latencies(predictions: Sequence[Prediction], now: float) -> list[float]:
    """Seconds from the creation of each document that says when it was created until `now` (since 1970)."""
    created = [each.document_created_at for each in predictions if each.HasField("document_created_at")]
    # Clocks differ: a document from the future took no time.
    return [max(0.0, now - (stamp.seconds + stamp.nanos / 1e9)) for stamp in created]
