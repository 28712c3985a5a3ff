"""Figures and texts as cells of a Markdown table."""

from __future__ import annotations

import math

__all__ = ["cell", "number"]


def number(value: float) -> str:
    """Three figures that count."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def cell(text: str) -> str:
    """On one line, and neither columns nor tags."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
