"""Figures as they are measured: pairs, their medians and spread, the ratio with its interval, and the issue's bar."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

__all__ = ["Bar", "Figure", "Sample", "from_json", "interval", "ratio_of", "to_json"]

_RESAMPLES, _CONFIDENCE = 4000, 0.95


@dataclass(frozen=True)
class Bar:
    """What is asked of a figure: its ratio is to be `at least` or `under` so much."""

    kind: Literal["at least", "under"]
    value: float

    def met(self, ratio: float) -> bool:
        return ratio >= self.value if self.kind == "at least" else ratio < self.value

    def __str__(self) -> str:
        return f"{self.kind} {self.value:g}"


@dataclass(frozen=True)
class Sample:
    """Several measurements of one thing, in the order of the pairs."""

    name: str
    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and most."""
        return min(self.values), max(self.values)


@dataclass(frozen=True)
class Figure:
    """`ours` against `theirs`, pair by pair. Without `theirs` the figure is ours alone, and the bar is for it.

    `others` were measured in the same rounds; `notes` are said in the report; `facts` are counts beside the ratio.
    """

    key: str
    title: str
    ours: Sample
    theirs: Sample | None = None
    bar: Bar | None = None
    others: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Median of the pairs' ratios; ours itself where there is nothing to divide by."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> tuple[float, ...]:
        return ratio_of(self.ours.values, None if self.theirs is None else self.theirs.values)

    @property
    def interval(self) -> tuple[float, float]:
        return interval(self.ratios)

    @property
    def met(self) -> bool | None:
        """None where nothing was asked. Facts that are named `failed`, `lost` or `repeated` must be none."""
        clean = not any(self.facts.get(name, 0) for name in ("failed", "lost", "repeated"))
        return None if self.bar is None else self.bar.met(self.ratio) and clean


def ratio_of(ours: Sequence[float], theirs: Sequence[float] | None) -> tuple[float, ...]:
    """Pair by pair.

    Raises:
        ValueError: there are no pairs, or not as many of one as of the other.
    """
    if not ours or (theirs is not None and len(ours) != len(theirs)):
        raise ValueError(f"{len(ours)} measurements of ours and {0 if theirs is None else len(theirs)} of theirs")
    return tuple(ours) if theirs is None else tuple(a / b for a, b in zip(ours, theirs, strict=True))


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Of the median, by the percentile bootstrap (Efron, 1979), 95 %."""
    drawn = np.random.default_rng(seed).choice(np.asarray(values, dtype=float), (_RESAMPLES, len(values)))
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(np.median(drawn, axis=1), [tail, 1 - tail])
    return float(low), float(high)


def to_json(figure: Figure) -> dict[str, Any]:
    """With ratio, interval and verdict, for whoever reads the file; `from_json` counts them again."""
    found = asdict(figure)
    found["bar"] = None if figure.bar is None else asdict(figure.bar)
    return {**found, "ratio": figure.ratio, "interval": list(figure.interval), "met": figure.met}


def from_json(data: Mapping[str, Any]) -> Figure:
    return Figure(
        key=data["key"],
        title=data["title"],
        ours=_sample(data["ours"]),
        theirs=None if data["theirs"] is None else _sample(data["theirs"]),
        bar=None if data["bar"] is None else Bar(**data["bar"]),
        others=tuple(_sample(each) for each in data["others"]),
        notes=tuple(data["notes"]),
        facts=dict(data["facts"]),
    )


def _sample(data: Mapping[str, Any]) -> Sample:
    return Sample(data["name"], tuple(data["values"]), data["unit"])
