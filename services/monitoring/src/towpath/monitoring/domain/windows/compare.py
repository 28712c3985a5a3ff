"""Two windows of documents held against each other: every test of the report, one correction over all of them.

Bounded whatever the windows' lengths: sketches are compared on a sample of either side, and the rest on counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from towpath.monitoring.domain.windows.counts import Tested, chi_squared, ks
from towpath.monitoring.domain.windows.mmd import Discrepancy, mmd
from towpath.monitoring.domain.windows.permutations import holm
from towpath.monitoring.domain.windows.price import Price, price
from towpath.monitoring.domain.windows.rows import Floats, Rows
from towpath.monitoring.domain.windows.sampling import sampled
from towpath.monitoring.domain.windows.slices import Slice, slices

__all__ = ["ALPHA", "FULL", "LEAST", "Comparison", "Effort", "Moved", "Row", "compare"]

ALPHA = 0.05
LEAST = 30
_MOVED = 10


@dataclass(frozen=True, slots=True)
class Effort:
    """`sample`: documents of either side whose sketches are compared; how often they, and counts, are permuted."""

    sample: int = 2000
    sketches: int = 999
    counts: int = 4999


FULL = Effort()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the report. `most` names what moved most, where a test has several parts: a class. `adjusted` is its p
    among all of the report."""

    name: str
    test: str
    tested: Tested
    adjusted: float = 1.0
    most: str = ""

    @property
    def different(self) -> bool:
        """Whether it is more than chance. Whether it is large says its effect."""
        return self.adjusted <= ALPHA


@dataclass(frozen=True, slots=True)
class Moved:
    """A document, and how much more like those now than like those before it is (-1 to 1)."""

    document_id: str
    witness: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`came`: documents now that are least like those before; `went`: those before that are least like the ones now."""

    rows: list[Row]
    price: Price | None
    came: list[Moved]
    went: list[Moved]
    slices: list[Slice]


def compare(now: Rows, before: Rows, classes: Sequence[str], *, seed: int = 0, effort: Effort = FULL) -> Comparison:
    """What can be told of both sides is tested; what fewer than LEAST documents of a side tell is left out.

    Raises ValueError where a side has fewer than LEAST documents.
    """
    if min(len(now), len(before)) < LEAST:
        raise ValueError(f"{len(now)} documents now and {len(before)} before: {LEAST} of each are wanted")
    seen = _sketches(now, before, seed, effort)
    rows = [] if seen is None else [Row("embeddings", "MMD", seen[0].tested)]
    rows += _probabilities(now, before, classes, seed, effort.counts)
    rows += _names(now, before, len(classes), seed, effort.counts)
    rows += _numbers(now, before, seed, effort.counts)
    costs = [_told(side.costs) for side in (now, before)]
    priced = None
    if _enough(costs):
        priced = price(costs[0], costs[1], permutations=effort.counts, seed=seed)
        rows.append(Row("expected cost", "Student", priced.tested))
    came, went = ([], []) if seen is None else _moved(*seen)
    return Comparison(_corrected(rows), priced, came, went, slices(now, before, classes))


_NUMBERS: tuple[tuple[str, Callable[[Rows], Floats]], ...] = (
    ("length", lambda rows: np.where(rows.tokens >= 0, rows.tokens, np.nan).astype(np.float64)),
    ("unknown words", lambda rows: rows.rates),
)


def _told(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _enough(sides: Sequence[Floats]) -> bool:
    return min(map(len, sides)) >= LEAST


def _corrected(rows: list[Row]) -> list[Row]:
    adjusted = holm(row.tested.p for row in rows)
    return [replace(row, adjusted=each) for row, each in zip(rows, adjusted, strict=True)]


Sampled = tuple[Discrepancy, Rows, Rows]


def _sketches(now: Rows, before: Rows, seed: int, effort: Effort) -> Sampled | None:
    """The test on a sample of either side, and the samples. Permuting the sample is exact for it: it was drawn without
    a look at the other side. Of sketches on several bases those are compared that are on the one of most now."""
    there = [np.flatnonzero(side.sketched) for side in (now, before)]
    if len(there[0]):
        bases, counts = np.unique(now.basis[there[0]], return_counts=True)
        most = bases[counts.argmax()]
        there = [rows[side.basis[rows] == most] for side, rows in zip((now, before), there, strict=True)]
    if min(map(len, there)) < LEAST or now.sketches.shape[1] != before.sketches.shape[1]:
        return None
    chosen = [
        side[rows[sampled(side.sketches[rows], effort.sample, seed)]]
        for side, rows in zip((now, before), there, strict=True)
    ]
    found = mmd(chosen[0].sketches, chosen[1].sketches, permutations=effort.sketches, seed=seed)
    return found, chosen[0], chosen[1]


def _moved(found: Discrepancy, now: Rows, before: Rows) -> tuple[list[Moved], list[Moved]]:
    sides = ((now, found.witness_now, -1.0), (before, found.witness_before, 1.0))
    came, went = (
        [
            Moved(str(side.ids[n]), float(witness[n]))
            for n in np.argsort(sign * witness, kind="stable")[:_MOVED]
            if side.ids[n]
        ]
        for side, witness, sign in sides
    )
    return came, went


def _probabilities(now: Rows, before: Rows, classes: Sequence[str], seed: int, permutations: int) -> list[Row]:
    """One row for all classes: the one that moved most, its p times their number (Bonferroni)."""
    tested: list[tuple[str, Tested]] = []
    for index, name in enumerate(classes):
        sides = [_told(side.probabilities[:, index].astype(np.float64)) for side in (now, before)]
        if _enough(sides):
            tested.append((name, ks(sides[0], sides[1], permutations=permutations, seed=seed)))
    if not tested:
        return []
    most, found = max(tested, key=lambda each: (-each[1].p, each[1].statistic))
    return [Row("probabilities", "KS", replace(found, p=min(1.0, len(tested) * found.p)), most=most)]


def _names(now: Rows, before: Rows, classes: int, seed: int, permutations: int) -> list[Row]:
    told = [(side.labels[side.labels >= 0], side.ask[side.labels >= 0]) for side in (now, before)]
    if min(len(labels) for labels, _ in told) < LEAST:
        return []
    rows = []
    for name, sides in zip(("classes", "decisions"), zip(*told, strict=True), strict=True):
        counts = [np.bincount(side.astype(np.intp), minlength=classes + 1).astype(np.int64) for side in sides]
        found = chi_squared(counts[0], counts[1], permutations=permutations, seed=seed)
        rows.append(Row(name, "chi-squared", found))
    return rows


def _numbers(now: Rows, before: Rows, seed: int, permutations: int) -> list[Row]:
    rows = []
    for name, of in _NUMBERS:
        sides = [_told(of(side)) for side in (now, before)]
        if _enough(sides):
            rows.append(Row(name, "KS", ks(sides[0], sides[1], permutations=permutations, seed=seed)))
    return rows
