"""The share of changes that is found, against how many documents it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.drawing import blank, save

__all__ = ["found_by"]

_OTHERS = {"movies": "films", "amazon": "products", "nyt": "news"}
_SHARES = ("1", "0.5", "0.1")
# Beside another line they would say nothing new.
_TABLE_ONLY = "Towpath, at the rate"
_COLOURS = ("#0060a8", "#7fb2dd", "#c77700", "#7a9a01", "#9b5fc0", "#888888", "#444444")


def found_by(file: Path, cells: Mapping[str, Mapping[str, Sequence[float]]], after: int) -> None:
    """A panel a set and share, a line a tool: the higher and the more to the left, the better."""
    canvas = blank(10, 7.5)
    panels = canvas.subplots(3, 3, sharex=True, sharey=True)
    for row, share in zip(panels, _SHARES, strict=True):
        for axis, (other, words) in zip(row, _OTHERS.items(), strict=True):
            shown = {name: of for name, of in cells.items() if not name.startswith(_TABLE_ONLY)}
            for number, (name, of) in enumerate(shown.items()):
                colour = _COLOURS[number % len(_COLOURS)]
                late = np.sort(np.asarray(of[f"{other} {share}"]))
                ends = np.append(late[late <= after], after)
                steps = np.append(np.arange(1, (late <= after).sum() + 1), (late <= after).sum()) / len(late)
                axis.step([1, *ends], [0, *steps], where="post", color=colour, label=name, linewidth=1.6)
            axis.set_title(f"{float(share):.0%} {words}", fontsize=9)
            axis.set_xscale("log")
            axis.set_xlim(3, after)
            axis.set_ylim(-0.03, 1.03)
            axis.grid(alpha=0.25)
    for axis in panels[-1]:
        axis.set_xlabel("documents since the change", fontsize=9)
    for axis in panels[:, 0]:
        axis.set_ylabel("share found", fontsize=9)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    save(canvas, file)
