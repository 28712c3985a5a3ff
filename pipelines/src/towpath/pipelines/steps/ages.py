"""How old documents are, and what follows: which are trained on, and how much the label of each counts.

Ages count from the newest document of the snapshot and not from a clock, so that a snapshot gives the same examples
whenever it is read. An exponential weight is the classic way to forget slowly (Koychev, "Gradual forgetting for
adaptation to concept drift", ECAI 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from towpath.core.objective import Objective
from towpath.core.objective.periods import seconds_of
from towpath.pipelines.steps.snapshot import Snapshot

__all__ = ["Ages", "asked_for"]

_MOST_HALVINGS = 40.0  # below that, weights are noise of floating point


def asked_for(objective: Objective) -> bool:
    """Whether the objective cares how old documents are: its snapshots say when each was made then."""
    policy = objective.contract.retraining
    return policy.window is not None or policy.half_life is not None


@dataclass(frozen=True)
class Ages:
    """`newest` and `oldest` in seconds since the epoch; `window` and `half_life` in seconds, None where all count."""

    newest: float
    oldest: float
    window: float | None
    half_life: float | None

    @classmethod
    def of(cls, snapshot: Snapshot, objective: Objective) -> Ages:
        """Of the documents of `snapshot`, by the objective's policy."""
        policy = objective.contract.retraining
        made = [row["made_at"] for row in snapshot.documents if row.get("made_at") is not None]
        return cls(
            max(made, default=0.0),
            min(made, default=0.0),
            None if policy.window is None else seconds_of(policy.window),
            None if policy.half_life is None else seconds_of(policy.half_life),
        )

    def refused(self, document: dict[str, Any]) -> str:
        """Why a row of the snapshot is not trained on; empty where it is."""
        if self.window is None:
            return ""
        if document.get("made_at") is None:
            return "of unknown age"
        return "too old" if self.newest - document["made_at"] > self.window else ""

    def weight(self, document: dict[str, Any]) -> float:
        """From 0 to 1, for a row of the snapshot. One that does not say when it was made is as old as the oldest."""
        if self.half_life is None:
            return 1.0
        made = document.get("made_at")
        age = self.newest - (self.oldest if made is None else made)
        return float(2.0 ** -min(age / self.half_life, _MOST_HALVINGS))
