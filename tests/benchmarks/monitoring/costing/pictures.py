"""What monitoring costs, as SVG that is the same for the same figures, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

__all__ = ["memory"]

_META = {"Date": None, "Creator": None}


def memory(file: Path, samples: Sequence[Mapping[str, float]]) -> None:
    """Of the process, over the predictions that it has seen."""
    mpl.rcParams.update({"svg.hashsalt": "towpath", "svg.fonttype": "none", "font.family": "sans-serif"})
    canvas = Canvas(figsize=(9, 3.2), layout="constrained", facecolor="white")
    axis = canvas.subplots()
    seen = [each["documents"] / 1e6 for each in samples]
    axis.plot(seen, [each["memory"] / 2**20 for each in samples], color="#0060a8", linewidth=1.8, marker=".")
    axis.set(xlabel="million predictions seen", ylabel="MiB", title="Memory of monitoring", xlim=(0, None))
    axis.set_ylim(0, None)
    axis.grid(alpha=0.25)
    canvas.savefig(file, metadata=_META)
