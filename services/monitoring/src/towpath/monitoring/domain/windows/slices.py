"""Where it is different: shares and costs of slices of two windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.windows.rows import Rows

__all__ = ["ASK", "OTHER", "Slice", "slices"]

ASK, OTHER = "ask a person", "other"
_BANDS = (0.25, 0.5, 0.75)
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Slice:
    """`now` and `before` are shares of the window's documents, 0 to 1. Costs are expected ones per 1,000 documents of
    the slice, NaN where it has none; `adds` is what the slice adds to the difference per 1,000 documents of the
    window: the slices `of` one thing add up to it."""

    of: str
    name: str
    now: float
    before: float
    cost_now: float
    cost_before: float
    adds: float


def slices(now: Rows, before: Rows, classes: Sequence[str]) -> list[Slice]:
    """By predicted class, by decision, and by length in four bands; of each the most moved first."""
    found: list[Slice] = []
    if all((rows.labels >= 0).any() for rows in (now, before)):
        found += _sliced("class", [*classes, OTHER], _labels(now), _labels(before), now, before)
        found += _sliced("decision", ["act", ASK], _decisions(now), _decisions(before), now, before)
    if all((rows.tokens >= 0).any() for rows in (now, before)):
        edges = _edges(now, before)
        found += _sliced("length", _names(edges), _bands(now, edges), _bands(before, edges), now, before)
    return found


def _sliced(of: str, names: Sequence[str], is_now: Numbers, was: Numbers, now: Rows, before: Rows) -> list[Slice]:
    shares, totals = zip(
        *(_figures(side, rows, len(names)) for side, rows in ((is_now, now), (was, before))), strict=True
    )
    made = [
        Slice(of, name, s, t, _each(c, s), _each(d, t), c - d)
        for name, s, t, c, d in zip(names, *shares, *totals, strict=True)
        if s > 0 or t > 0
    ]
    return sorted(made, key=lambda each: (-abs(each.now - each.before), each.name))


def _figures(numbers: Numbers, rows: Rows, count: int) -> tuple[list[float], list[float]]:
    """(shares, expected cost per 1,000 documents of the window) of each; -1 is none of them."""
    told = numbers >= 0
    total = max(1, int(told.sum()))
    shares = np.bincount(numbers[told], minlength=count) / total
    costs = np.bincount(numbers[told], weights=np.nan_to_num(rows.costs[told]), minlength=count) / total
    return shares.tolist(), (1000 * costs).tolist()


def _each(cost: float, share: float) -> float:
    return cost / share if share > 0 else float("nan")


def _labels(rows: Rows) -> Numbers:
    return rows.labels.astype(np.intp)


def _decisions(rows: Rows) -> Numbers:
    return np.where(rows.labels >= 0, rows.ask.astype(np.intp), -1)


def _edges(now: Rows, before: Rows) -> Numbers:
    tokens = np.concatenate([rows.tokens[rows.tokens >= 0] for rows in (now, before)])
    return np.unique(np.quantile(tokens, _BANDS, method="lower")).astype(np.intp)


def _bands(rows: Rows, edges: Numbers) -> Numbers:
    return np.where(rows.tokens >= 0, np.searchsorted(edges, rows.tokens), -1)


def _names(edges: Numbers) -> list[str]:
    first = [f"up to {edges[0]} tokens"]
    between = [f"{low + 1} to {high} tokens" for low, high in pairwise(edges)]
    return [*first, *between, f"over {edges[-1]} tokens"]
