"""Pictures of the figures, as SVG that is the same for the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.delivery.figures import Figure, Sample
from benchmarks.drawing import blank, save

__all__ = ["draw"]

_OURS, _THEIRS, _BAR = "#0060a8", "#999999", "#c77700"


def draw(folder: Path, figures: Sequence[Figure]) -> list[str]:
    """Names of the files written to `folder`: the ratios against their bars, and who does how many documents."""
    made = []
    asked = [each for each in figures if each.bar is not None]
    if asked:
        _ratios(folder / "benchmarks-ratios.svg", asked)
        made.append("benchmarks-ratios.svg")
    speeds = next((each for each in figures if each.key == "onnx"), None)
    if speeds is not None:
        _speeds(folder / "benchmarks-throughput.svg", speeds)
        made.append("benchmarks-throughput.svg")
    return made


def _ratios(file: Path, figures: Sequence[Figure]) -> None:
    """Each figure's pairs on an axis where 1 is its bar and right of it is better."""
    canvas = blank(9, 0.5 * len(figures) + 1)
    axis = canvas.subplots()
    for row, each in enumerate(reversed(figures)):
        assert each.bar is not None
        better = each.bar.kind == "at least"
        scaled = [value / each.bar.value if better else each.bar.value / value for value in each.ratios if value > 0]
        axis.plot(scaled, [row] * len(scaled), "o", color=_OURS, alpha=0.35, markersize=5, markeredgewidth=0)
        median = each.ratio / each.bar.value if better else each.bar.value / each.ratio
        axis.plot([median], [row], "|", color=_OURS, markersize=18, markeredgewidth=2.5)
    axis.axvline(1, color=_BAR, linestyle="--", linewidth=1.2)
    axis.set_yticks(range(len(figures)), [f"{each.title} ({each.bar})" for each in reversed(figures)], fontsize=8)
    axis.set_xscale("log")
    ticks = [0.25, 0.5, 1, 2, 4]
    axis.set_xticks(ticks, [f"{each:g}" for each in ticks])
    axis.minorticks_off()
    axis.set_ylim(-0.6, len(figures) - 0.4)
    axis.set_xlabel("times as good as asked: a dot a pair, a stroke their median", fontsize=9)
    axis.grid(axis="x", alpha=0.25)
    save(canvas, file)


def _speeds(file: Path, each: Figure) -> None:
    assert each.theirs is not None
    samples: list[Sample] = [each.ours, each.theirs, *(other for other in each.others if other.name != "copy")]
    samples.sort(key=lambda sample: sample.median)
    canvas = blank(8, 0.45 * len(samples) + 1)
    axis = canvas.subplots()
    medians = [sample.median for sample in samples]
    spread = [
        [m - s.spread[0] for m, s in zip(medians, samples, strict=True)],
        [s.spread[1] - m for m, s in zip(medians, samples, strict=True)],
    ]
    colours = [_OURS if sample is each.ours else _THEIRS for sample in samples]
    axis.barh(range(len(samples)), medians, xerr=spread, color=colours, capsize=3, ecolor="#333333")
    axis.set_yticks(range(len(samples)), [sample.name for sample in samples], fontsize=8)
    axis.set_xlabel("documents a second: median, least and most")
    axis.grid(axis="x", alpha=0.25)
    save(canvas, file)
