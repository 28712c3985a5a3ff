"""Estimated and true cost over time, and the share of negatives found, as SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from benchmarks.drawing import blank, save

__all__ = ["drawn"]

_NAME = "monitoring-shift.svg"
_SHOWN = {
    "never, thinned": "thinned: negatives 16 % to 32 %",
    "never, as they came": "as they came, autumn 2015",
    "years": "a release of 2011 and 2012",
}


def drawn(series: Mapping[str, Any], folder: Path) -> str:
    """The first seed of each stream; the name of the file."""
    kept = {title: _first(series[key]) for key, title in _SHOWN.items() if series.get(key)}
    figure = blank(4.2 * len(kept), 6.2)
    axes = figure.subplots(2, len(kept), squeeze=False, sharex="col")
    for column, (title, looks) in enumerate(kept.items()):
        _costs(axes[0][column], looks)
        _shares(axes[1][column], looks)
        axes[0][column].set_title(title, fontsize=10)
    axes[0][0].set_ylabel("EUR a document, nobody can be asked")
    axes[1][0].set_ylabel("share of negatives")
    axes[0][0].legend(frameon=False, fontsize=8)
    axes[1][0].legend(frameon=False, fontsize=8)
    figure.supxlabel("documents, in the order of time; each point is of the last 2,000", fontsize=9)
    save(figure, folder / _NAME)
    return _NAME


def _first(looks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in looks if each["seed"] == looks[0]["seed"]]


def _costs(axis: Axes, looks: Sequence[Mapping[str, Any]]) -> None:
    at = [each["end"] for each in looks]
    cost = np.array([each["corrected"] for each in looks])
    axis.fill_between(at, cost[:, 1], cost[:, 2], color="#0060a8", alpha=0.15, linewidth=0)
    axis.plot(at, [each["true"] for each in looks], color="#222222", linewidth=2, label="true, by all labels")
    axis.plot(at, cost[:, 0], color="#0060a8", label="corrected, 95 %")
    axis.plot(at, [each["uncorrected"] for each in looks], "--", color="#c77700", label="uncorrected")
    axis.plot(at, [each["theirs"] for each in looks], ":", color="#7a3e9d", linewidth=1.8, label="NannyML (CBPE)")
    axis.grid(alpha=0.25)


def _shares(axis: Axes, looks: Sequence[Mapping[str, Any]]) -> None:
    at, share = [each["end"] for each in looks], np.array([each["share"] for each in looks])
    axis.plot(at, share[:, 1], color="#222222", linewidth=2, label="true")
    axis.plot(at, share[:, 0], color="#0060a8", label="found, without a label")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.25)
