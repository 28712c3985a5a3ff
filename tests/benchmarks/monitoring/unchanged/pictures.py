"""Pictures of false alarms, as SVG that is the same for the same figures, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from benchmarks.drawing import blank, save

__all__ = ["calibration", "capital", "lasting"]

_OURS, _THEIRS, _BAR = "#0060a8", "#999999", "#c77700"
_STYLES = ((_OURS, "-"), (_OURS, ":"), (_THEIRS, "-"), ("#c0272d", "-"))


def calibration(
    file: Path, grid: Sequence[float], ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]
) -> None:
    """How often each test's p-value was at most so much, of unchanged documents: at most the diagonal, if it is one."""
    canvas = blank(9, 4.4)
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
    save(canvas, file)


def capital(file: Path, paths: Mapping[str, Any], threshold: float) -> None:
    """What bets against nothing having changed have made of 1, of a hundred unchanged streams."""
    canvas = blank(9, 4.2)
    sides = canvas.subplots(1, len(paths), sharey=True)
    for axis, (title, each) in zip(sides, paths.items(), strict=True):
        for path in each["log10"]:
            axis.plot(each["at"], path, color=_OURS, alpha=0.25, linewidth=0.7)
        axis.axhline(np.log10(threshold), color=_BAR, linestyle="--", linewidth=1.4)
        axis.annotate(f"threshold {threshold:g}", (each["at"][-1], np.log10(threshold)), ha="right", va="bottom",
                      color=_BAR, fontsize=8, xytext=(0, 2), textcoords="offset points")  # fmt: skip
        axis.set(title=title, xlabel="documents", ylim=(-14, 3.2))
        axis.grid(alpha=0.25)
    sides[0].set_ylabel("capital, as a power of 10")
    save(canvas, file)


def lasting(file: Path, curves: Mapping[str, Any], promised: float) -> None:
    """Share of unchanged streams without a false alarm, against what the objective promises."""
    canvas = blank(9, 4.2)
    axis = canvas.subplots()
    last = max(max(each["at"]) for each in curves.values())
    grid = np.linspace(0, last, 200)
    axis.plot(grid, np.exp(-grid / promised), color=_BAR, linestyle="--", linewidth=1.4, label="promised")
    for (name, each), (colour, style) in zip(curves.items(), _STYLES, strict=False):
        axis.plot(each["at"], each["left"], color=colour, linestyle=style, linewidth=1.8, label=name)
    axis.set(xlim=(0, last), ylim=(0, 1.02), xlabel="documents", ylabel="share of streams without a false alarm")
    axis.grid(alpha=0.25)
    axis.legend(fontsize=8, loc="upper right")
    save(canvas, file)
