"""Pictures of false alarms, as SVG that is the same for the same figures, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

__all__ = ["calibration"]

_OURS, _THEIRS, _BAR = "#0060a8", "#999999", "#c77700"
_META = {"Date": None, "Creator": None}


def calibration(
    file: Path, grid: Sequence[float], ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]
) -> None:
    """How often each test's p-value was at most so much, of unchanged documents: at most the diagonal, if it is one."""
    canvas = _canvas(9, 4.4)
    sides = canvas.subplots(1, 2, sharey=True)
    for axis, curves, title in ((sides[0], ours, "Towpath's report"), (sides[1], theirs, "Evidently's defaults")):
        axis.plot([0, 1], [0, 1], color=_BAR, linestyle="--", linewidth=1.2, label="as promised")
        for number, (name, curve) in enumerate(curves.items()):
            style = {"color": mpl.colormaps["viridis"](number / max(1, len(curves) - 1) * 0.85), "linewidth": 1.3}
            if name.startswith("the least"):
                style = {"color": "#c0272d", "linewidth": 2.2}
            axis.plot(grid, curve, label=name, drawstyle="steps-post", **style)
        axis.set(xlim=(0, 1), ylim=(0, 1), title=title, xlabel="p-value")
        axis.grid(alpha=0.25)
        axis.legend(fontsize=7, loc="lower right" if axis is sides[1] else "upper left")
    sides[0].set_ylabel("share of replays at or below it")
    canvas.savefig(file, metadata=_META)


def _canvas(width: float, height: float) -> Canvas:
    mpl.rcParams.update({"svg.hashsalt": "towpath", "svg.fonttype": "none", "font.family": "sans-serif"})
    return Canvas(figsize=(width, height), layout="constrained", facecolor="white")
