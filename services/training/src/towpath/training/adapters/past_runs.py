"""Runs as the retraining policy knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from towpath.core.errors import NotFoundError
from towpath.training.adapters.store import RunStore
from towpath.training.domain.retraining import PastRun
from towpath.training.domain.runs import Run

__all__ = ["PastRuns", "past"]


@dataclass
class PastRuns:
    """Reads a run's file again only when it has changed: it is asked all the time, and a run's file may be large."""

    store: RunStore
    _known: dict[Path, tuple[tuple[int, int], PastRun]] = field(default_factory=dict)

    def read(self) -> list[PastRun]:
        """Newest first."""
        found = {}
        for file in self.store.folder.glob("run-*/run.json"):
            about = file.stat()
            mark = (about.st_mtime_ns, about.st_size)
            known = self._known.get(file)
            if known is None or known[0] != mark:
                try:
                    known = (mark, past(self.store.load(file.parent.name)))
                except (NotFoundError, ValueError):
                    continue  # damaged: the store tells it whenever somebody asks for all
            found[file] = known
        self._known = found
        return sorted((run for _, run in found.values()), key=lambda run: run.began_at, reverse=True)


def past(run: Run) -> PastRun:
    """What the policy goes by."""
    return PastRun(
        run.run_id,
        run.status,
        run.created_at.timestamp(),
        _seconds(run.finished_at),
        run.causes,
        run.alert_ids,
        run.status == "succeeded" and run.release is not None,
        run.given_up,
        str((run.release or {}).get("releaseId", "")),
    )


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
