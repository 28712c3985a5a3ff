"""What the policy goes by. Times are seconds since the epoch, costs in the objective's unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Facts", "PastRun", "Trouble", "covers"]


def covers(pattern: str, cause: str) -> bool:
    """Whether it names the cause: itself, or a beginning that ends in "/"."""
    return pattern == cause or (pattern.endswith("/") and cause.startswith(pattern))


@dataclass(frozen=True, slots=True)
class Trouble:
    """An alert that is not over, raised when it fired last.

    `document_ids` show it best. `decided`: training has told what it led to; `told_run`: the run that it told of last,
    where it was one.
    """

    alert_id: str
    cause: str
    harm: float
    raised_at: float
    trace_id: str = ""
    decided: bool = False
    told_run: str = ""
    document_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run, going on or ended. It has `causes` where it started by itself, `alert_ids` where alerts were among them.

    `released`: it passed its gate, and its release was not taken back. `lost_at`: when that was. `given_up`: it took
    too long.
    """

    run_id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    began_at: float
    ended_at: float | None = None
    causes: tuple[str, ...] = ()
    alert_ids: tuple[str, ...] = ()
    released: bool = False
    given_up: bool = False
    release_id: str = ""
    lost_at: float | None = None

    @property
    def by_itself(self) -> bool:
        return bool(self.causes)

    @property
    def ended(self) -> bool:
        return self.status in ("succeeded", "failed")

    @property
    def settled_at(self) -> float:
        """Since when it is known what came of it; the beginning of time while it goes on."""
        return max(self.ended_at or 0.0, self.lost_at or 0.0)

    def answers(self, trouble: Trouble) -> bool:
        """It was started for it, or for its cause and went on when it was raised, or by a person since then."""
        if not self.by_itself:
            return self.began_at >= trouble.raised_at and (self.released or not self.ended)
        if self.ended_at is not None and self.ended_at < trouble.raised_at:
            return False  # it got worse since
        joined = trouble.cause in self.causes and self.began_at <= trouble.raised_at
        return joined or trouble.alert_id in self.alert_ids


@dataclass(frozen=True, slots=True)
class Facts:
    """`runs` newest first. `new_documents`: annotated since the last run that looked at the data began."""

    troubles: Sequence[Trouble]
    runs: Sequence[PastRun]
    new_documents: int
    unit: str

    @property
    def going_on(self) -> PastRun | None:
        return next((run for run in self.runs if not run.ended), None)

    @property
    def last_look(self) -> PastRun | None:
        """The last run that came as far as the gate."""
        return next((run for run in self.runs if run.status == "succeeded"), None)

    @property
    def failures(self) -> list[PastRun]:
        """Newest first: runs by itself that left no release, since the last that did or since a person started one."""
        found = []
        for run in self.runs:
            if not run.ended:
                continue
            if run.released or not run.by_itself:
                break
            found.append(run)
        return found
