"""Which documents are the window, and which are before it."""

from __future__ import annotations

from towpath.monitoring.domain.windows.compare import LEAST
from towpath.monitoring.domain.windows.rows import Rows

__all__ = ["USUAL", "parted"]

USUAL = 5000
"""Documents of a window, where nobody says how many."""

_HOUR_S = 3600.0


def parted(rows: Rows, documents: int | None, hours: float | None, *, halves: bool) -> tuple[Rows, Rows]:
    """(the window, as much as that before it) of `rows`, oldest first.

    The last `documents`; or those of the last `hours` before the newest, whatever the clock says, so that a replay
    finds the same. With neither the last USUAL; where `halves`, at most half of all, so that there are some before.
    """
    if hours is not None:
        age = rows.times.max(initial=0.0) - rows.times
        return rows[age < hours * _HOUR_S], rows[(age >= hours * _HOUR_S) & (age < 2 * hours * _HOUR_S)]
    if documents is None:
        documents = min(USUAL, max(LEAST, len(rows) // 2) if halves else len(rows))
    start = max(0, len(rows) - documents)
    return rows[start:], rows[max(0, start - documents) : start]
