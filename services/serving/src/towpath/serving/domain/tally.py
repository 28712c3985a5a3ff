"""What is counted of a batch once it is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from towpath.core.stream import Message
from towpath.v1 import Prediction

__all__ = ["Work"]


@dataclass(frozen=True)
class Work:
    """The messages of one transaction, and what they are to metrics."""

    release_id: str
    messages: Sequence[Message]
    predictions: Sequence[Prediction]
    dead_letters: Counter[str] = field(default_factory=Counter)

    @property
    def expected_cost(self) -> float:
        """Sum, in the objective's unit."""
        return sum(each.class_decision.expected_cost for each in self.predictions)

    def latencies(self, now: float) -> list[float]:
        """Seconds from the creation of each document that says when it was created until `now` (since 1970)."""
        created = [each.document_created_at for each in self.predictions if each.HasField("document_created_at")]
        # Clocks differ: a document from the future took no time.
        return [max(0.0, now - (stamp.seconds + stamp.nanos / 1e9)) for stamp in created]
