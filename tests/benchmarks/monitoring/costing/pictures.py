"""What monitoring costs, as SVG that is the same for the same figures, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.drawing import blank, save

__all__ = ["memory"]


def memory(file: Path, samples: Sequence[Mapping[str, float]]) -> None:
    """Of the process, over the predictions that it has seen."""
    canvas = blank(9, 3.2)
    axis = canvas.subplots()
    seen = [each["documents"] / 1e6 for each in samples]
    axis.plot(seen, [each["memory"] / 2**20 for each in samples], color="#0060a8", linewidth=1.8, marker=".")
    axis.set(xlabel="million predictions seen", ylabel="MiB", title="Memory of monitoring", xlim=(0, None))
    axis.set_ylim(0, None)
    axis.grid(alpha=0.25)
    save(canvas, file)
