"""Windows of shuffled tweets held against each other, by the report's tests and by Evidently's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.asking import ask
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.unchanged.served import OBJECTIVE, Served
from towpath.monitoring.domain.windows.compare import Comparison, Effort, compare

__all__ = ["ask_evidently", "columns", "orders", "replayed"]

# p is exact for however many exchanges; the report itself makes 4,999 of counts.
EFFORT = Effort(counts=999)
Orders = NDArray[np.intp]


def orders(documents: int, before: int, now: int, replays: int, seed: int) -> Orders:
    """(replays, before + now): which documents are in the windows, the one before first; none is in both."""
    random = np.random.default_rng([seed, before, now])
    return np.stack([random.permutation(documents)[: before + now] for _ in range(replays)])


def replayed(served: Served, chosen: Orders, before: int) -> list[Comparison]:
    """The whole comparison of each replay, as `towpath monitor report` makes it."""
    rows = served.rows
    return [
        compare(rows[order[before:]], rows[order[:before]], OBJECTIVE.classes, seed=replay, effort=EFFORT)
        for replay, order in enumerate(chosen)
    ]


def columns(served: Served) -> dict[str, NDArray[Any]]:
    """What the report tests, but for the embeddings, as somebody would put it into a table for Evidently."""
    rows = served.rows
    return {
        **{name: served.probabilities[:, n].astype(np.float64) for n, name in enumerate(OBJECTIVE.classes)},
        "tokens": rows.tokens.astype(np.float64),
        "unknown": rows.rates,
        "expected cost": rows.costs,
        "class": np.array(OBJECTIVE.classes)[rows.labels],
        "decision": np.where(rows.ask, "ask", "act"),
    }


def ask_evidently(place: Place, served: Served, chosen: Orders, before: int, embedded: int) -> dict[str, Any]:
    """Of the first `embedded` replays the drift of embeddings, too.

    Raises:
        PeerError: there is no such environment, or its program failed.
    """
    table = columns(served)
    given: dict[str, Any] = {
        "columns": np.array(list(table)),
        "embeddings": served.embeddings,
        "orders": chosen,
        "reference": before,
        "embedded": embedded,
        **{f"column {name}": each for name, each in table.items()},
    }
    found: dict[str, Any] = ask(place.tell, "evidently", "replays.py", given)
    return found
