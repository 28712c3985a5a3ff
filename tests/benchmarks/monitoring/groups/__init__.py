"""Groups of figures, a module each, in the order of the page.

A module has

    def measure(place: Place) -> Result       # minutes; tells its progress by place.tell
    def draw(result: Result, folder: Path) -> list[str]     # names of the SVG files it wrote, "monitoring-….svg"

and is loaded when it is measured or drawn, so that a peer's needs are nobody else's.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from benchmarks.monitoring.place import Place
from benchmarks.monitoring.rows import Result

__all__ = ["KEYS", "Group", "group"]

KEYS = ("windows", "streams", "detection", "shift", "cost", "memory")


class Group(Protocol):
    @staticmethod
    def measure(place: Place) -> Result: ...

    @staticmethod
    def draw(result: Result, folder: Path) -> list[str]: ...


def group(key: str) -> Group:
    """Of `KEYS`."""
    return cast(Group, import_module(f"benchmarks.monitoring.groups.{key}"))
