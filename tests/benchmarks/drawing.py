"""Pictures as SVG that is the same for the same figures, readable on light and on dark."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["blank", "save"]


def blank(width: float, height: float) -> Figure:
    """Of so many inches."""
    mpl.rcParams.update({"svg.hashsalt": "towpath", "svg.fonttype": "none", "font.family": "sans-serif"})
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def save(figure: Figure, file: Path) -> None:
    """Without the time and the program that are written into it otherwise."""
    figure.savefig(file, metadata={"Date": None, "Creator": None})
