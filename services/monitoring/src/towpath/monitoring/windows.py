"""Remembering the last predictions, to say what is different among them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from towpath.core.errors import ConflictError, RejectedError
from towpath.core.objective import Objective
from towpath.monitoring.domain.finding import ReadingMonitor
from towpath.monitoring.domain.reading import Reading
from towpath.monitoring.domain.windows import ALPHA, LEAST, Comparison, Ring, Rows, compare, rows_of
from towpath.monitoring.domain.windows.cut import parted
from towpath.monitoring.domain.windows.shown import Against, Side, WindowReport
from towpath.monitoring.domain.windows.telling import explained
from towpath.v1 import ModelRelease

__all__ = ["WindowWatch"]

_WORDS_OF = 1000
_EXPECTED = "Costs are what the model's probabilities promise: where it is wrong and sure of it, they do not show it."
_RELEASES = "The windows were predicted by different releases: of what is different, some may be the model's doing."
_NO_INPUT = "These predictions do not tell what the model read: embeddings, length and unknown words are not compared."
_ANCHORS = "The windows' releases measure what is written about by other anchors: it is not compared."


@dataclass
class WindowWatch(ReadingMonitor):
    """The use case, for the model that goes by the objective's name. It finds nothing by itself.

    `size`: predictions that are remembered.
    """

    objective: Objective
    size: int
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _reigning: str = ""
    _reference: Rows | None = None
    _why_none: str = "no release reigns yet"

    def __post_init__(self) -> None:
        self._ring = Ring(self.size, self.objective.classes)

    def release(self, message: ModelRelease) -> None:
        """Its reference is what is compared with from now on."""
        if message.model_name != self.objective.name:
            return
        held, why = None, f"{message.release_id} has no reference: it was packaged by an older pipeline, or not judged"
        if message.HasField("reference"):
            try:
                held = rows_of(message.reference, self.objective.classes, self.objective.costs)
            except ValueError as error:
                why = f"the reference of {message.release_id} cannot be used: {error}"
        with self._lock:
            self._reigning, self._reference, self._why_none = message.release_id, held, why

    def read(self, predictions: Sequence[Reading]) -> None:
        self._ring.extend(predictions)

    def report(self, against: Against, documents: int | None = None, hours: float | None = None) -> WindowReport:
        """Some seconds of work, for one caller at a time.

        Raises:
            RejectedError: both `documents` and `hours` are given, or more documents than are remembered.
            ConflictError: there is no reference, or there are too few documents; `against` or a shorter window may do.
        """
        if documents is not None and hours is not None:
            raise RejectedError("say either documents or hours", where="hours")
        if documents is not None and documents > self.size:
            raise RejectedError(f"the last {self.size} are remembered", where="documents")
        with self._one_at_a_time:
            rows = self._ring.last()
            window, earlier = parted(rows, documents, hours, halves=True)
            if against == "before":
                return self._told(against, "", window, earlier, (window, earlier))
            with self._lock:
                reigning, held, why = self._reigning, self._reference, self._why_none
            if held is None:
                raise ConflictError(f"{why}. What was before can be compared: --against before", where="against")
            now, _ = parted(rows[rows.releases == reigning], documents, hours, halves=False)
            return self._told(against, reigning, now, held, (window, earlier))

    def _told(self, against: Against, reigning: str, now: Rows, before: Rows, named: tuple[Rows, Rows]) -> WindowReport:
        if min(len(now), len(before)) < LEAST:
            of = f" predicted by {reigning}" if reigning else ""
            raise ConflictError(
                f"{len(now)} documents{of} in the window and {len(before)} to compare with: {LEAST} of each are wanted"
            )
        found = compare(now, before, self.objective.classes)
        return WindowReport(
            objective=self.objective.name,
            unit=self.objective.unit,
            against=against,
            release_id=reigning,
            now=_side(now),
            before=_side(before),
            explanation=explained(found, self.objective.unit),
            notes=_notes(found, now, before, against),
            alpha=ALPHA,
            sample_now=_sample(named[0]),
            sample_before=_sample(named[1]),
            **_figures(found),
        )


def _figures(found: Comparison) -> dict[str, Any]:
    tests = [
        {
            "name": row.name, "test": row.test, "most": row.most, "adjusted": row.adjusted, "different": row.different,
            "effect": row.tested.effect, "statistic": min(row.tested.statistic, 1e300), "p": row.tested.p,
            "documents": row.tested.documents, "permutations": row.tested.permutations,
        }
        for row in found.rows
    ]  # fmt: skip
    slices = [
        {name: None if value != value else value for name, value in asdict(each).items()}  # NaN is no JSON
        for each in found.slices
    ]
    return {"tests": tests, "price": found.price, "came": found.came, "went": found.went, "slices": slices}


def _notes(found: Comparison, now: Rows, before: Rows, against: Against) -> list[str]:
    notes = [_EXPECTED] if found.price is not None else []
    if against == "before" and set(now.releases) != set(before.releases):
        notes.append(_RELEASES)
    if not any(row.name in ("embeddings", "length") for row in found.rows):
        notes.append(_NO_INPUT)
    elif not {*now.basis[now.sketched]} & {*before.basis[before.sketched]}:
        notes.append(_ANCHORS)
    return notes


def _side(rows: Rows) -> Side:
    times = rows.times[np.isfinite(rows.times)]
    first, last = (None, None) if not len(times) else (_time(times.min()), _time(times.max()))
    releases = Counter(str(each) for each in rows.releases if each)
    return Side(documents=len(rows), first=first, last=last, releases=dict(releases.most_common(20)))


def _time(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _sample(rows: Rows) -> list[str]:
    some = np.linspace(0, len(rows) - 1, min(len(rows), _WORDS_OF)).astype(np.intp)
    return [str(each) for each in rows.ids[some]]
