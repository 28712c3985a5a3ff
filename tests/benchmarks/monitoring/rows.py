"""Rows of the proof table: a figure, its interval, what was asked of it, and what was measured beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Bar", "Beside", "Result", "Row"]


@dataclass(frozen=True)
class Bar:
    """What is asked of a figure: `at most` or `at least` so much, in the figure's own unit."""

    kind: Literal["at most", "at least"]
    value: float

    def met(self, value: float) -> bool:
        return bool(value <= self.value if self.kind == "at most" else value >= self.value)

    def __str__(self) -> str:
        return f"{self.kind} {self.value:.4g}"


@dataclass(frozen=True)
class Beside:
    """The same figure of somebody else, or under other circumstances, from the same run."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """`low`, `high`: its 95 % interval, which `notes` may say more of. `unit` is empty for a ratio or a share."""

    key: str
    title: str
    value: float
    low: float
    high: float
    unit: str = ""
    bar: Bar | None = None
    beside: tuple[Beside, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool | None:
        """None where nothing was asked."""
        return None if self.bar is None else self.bar.met(self.value)


@dataclass(frozen=True)
class Result:
    """What a group measured. `series`: numbers that its pictures are drawn from, as JSON has them.

    `about`: under which circumstances (sizes, seeds, versions of peers), for the page.
    """

    rows: tuple[Row, ...]
    series: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        rows = [{**asdict(each), "met": each.met} for each in self.rows]
        return {"rows": rows, "series": dict(self.series), "about": dict(self.about)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        return cls(tuple(_row(each) for each in data["rows"]), dict(data["series"]), dict(data["about"]))


def _row(data: Mapping[str, Any]) -> Row:
    known = {name: value for name, value in data.items() if name not in ("met", "bar", "beside", "notes")}
    return Row(
        **known,
        bar=None if data["bar"] is None else Bar(**data["bar"]),
        beside=tuple(Beside(**each) for each in data["beside"]),
        notes=tuple(data["notes"]),
    )
