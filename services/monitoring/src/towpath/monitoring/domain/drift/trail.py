"""The last documents that a detector saw: from when on they are others, and which of them show it best."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.drift.bets import LOG_BETS

__all__ = ["LENGTH", "Change", "Trail"]

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]
LENGTH = 4096
"""Documents remembered; a change that is longer ago is said to have begun with the oldest of them."""


@dataclass(frozen=True)
class Change:
    """`log_evidence`: what the bet made of 1 since then, as a natural logarithm. `values`, `cost` (n,) since then."""

    began_at: float
    log_evidence: float
    values: Floats
    earlier: Floats
    cost: Floats
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    cells: NDArray[np.int16]
    values: Floats
    at: Floats
    cost: Floats
    ids: Sequence[str]


class Trail:
    """In the order of the stream; memory is bounded."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._documents = 0

    def add(self, cells: Cells, values: Floats, at: Floats, cost: Floats, ids: Sequence[str]) -> None:
        """`cells`, `values` (n, k); `at`, `cost` (n,)."""
        self._kept.append(_Kept(cells.astype(np.int16), values, at, cost, ids))
        self._documents += len(at)
        while self._documents - len(self._kept[0].at) >= LENGTH:
            self._documents -= len(self._kept.popleft().at)

    def change(self, score: int, bet: int, span: slice, documents: int) -> Change:
        """From where on the bet won most: the start of greatest likelihood, as CUSUM has it (Page 1954).

        `span`: where to look, counted from the end: slice(-300, -2). `documents`: how many ids to give, the ones first
        on which it won most.
        """
        cells = np.concatenate([each.cells[:, score] for each in self._kept])[span]
        values = np.concatenate([each.values[:, score] for each in self._kept])[span]
        at = np.concatenate([each.at for each in self._kept])[span]
        cost = np.concatenate([each.cost for each in self._kept])[span]
        ids = [name for each in self._kept for name in each.ids][span]
        won = LOG_BETS[cells, bet]
        since = won[::-1].cumsum()
        start = len(won) - 1 - int(since.argmax())
        best = start + np.argsort(-won[start:], kind="stable")[:documents]
        return Change(
            began_at=float(at[start:].min()),
            log_evidence=float(since.max()),
            values=values[start:],
            earlier=values[:start],
            cost=cost[start:],
            document_ids=tuple(ids[index] for index in best),
        )
