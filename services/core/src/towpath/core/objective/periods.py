"""Periods and ages as an objective writes them: 12h, 90d, 4w."""

from __future__ import annotations

__all__ = ["seconds_of"]

_SECONDS = {"h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def seconds_of(period: str) -> float:
    """Of "12h", "90d" or "4w". Raises KeyError or ValueError for what the objective would not have taken."""
    return int(period[:-1]) * _SECONDS[period[-1]]
