"""Cost drawn: against the model's quality, against the probability of a class, against the threshold."""

from __future__ import annotations

import io
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from towpath.cli.explaining.explanation import Explanation, money, percent
from towpath.core.objective.policies import cost_of_accuracy
from towpath.core.objective.thresholds import ASK, Pair, cost_of_threshold

__all__ = ["draw"]

_COLOURS = ("#2f6f8f", "#c2703d", "#6b8e4e", "#8a6aa8", "#b3392f", "#646a73")
_ASK, _INK, _SOFT = "#9a6b00", "#22252a", "#646a73"
_AUCS = (0.7, 0.8, 0.9)
_PAIRS = 3
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "towpath", "text.parse_math": False, "font.family": "DejaVu Sans",
    "font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "text.color": _INK, "axes.labelcolor": _SOFT,
    "axes.edgecolor": "#b9b6ae", "xtick.color": _SOFT, "ytick.color": _SOFT, "legend.frameon": False,
}  # fmt: skip


def draw(explanation: Explanation, kind: Literal["png", "svg"]) -> bytes:
    """Three rows: quality; decisions and threshold of the dearest pairs of classes."""
    chosen = explanation.pairs[:_PAIRS]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(12.5, 10.5), layout="constrained", facecolor="white")
        figure.suptitle(f"{_short(explanation.objective.name)}: how good is good enough", fontsize=14, weight="bold")
        rows: Any = figure.subfigures(3, 1, height_ratios=(1.05, 1, 1))
        bars, curve = _row(rows[0], 2)
        _policies(bars, explanation)
        _quality(curve, explanation)
        for axes, each in zip(_row(rows[1], len(chosen)), chosen, strict=True):
            _decisions(axes, explanation, each)
        for axes, each in zip(_row(rows[2], len(chosen)), chosen, strict=True):
            _threshold(axes, explanation, each)
        out = io.BytesIO()
        if kind == "png":
            FigureCanvasAgg(figure).print_png(out)
        else:
            FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _row(figure: Any, count: int) -> list[Any]:
    return list(np.atleast_1d(figure.subplots(1, count)))


def _policies(bars: Any, explanation: Explanation) -> None:
    rows, unit = explanation.policy_rows[:8], _short(explanation.objective.unit)
    colours = [_COLOURS[2], *["#c9c6be"] * (len(rows) - 1)]
    drawn = bars.barh(range(len(rows)), [cost for _, cost in rows], color=colours, height=0.62)
    bars.bar_label(drawn, [money(cost) for _, cost in rows], padding=4, fontsize=8.5)
    bars.set_yticks(range(len(rows)), [_short(name) for name, _ in rows])
    bars.set_ylim(len(rows) - 0.4, -0.6)
    bars.margins(x=0.14)
    bars.set_title("Without a model")
    bars.set_xlabel(f"{unit} a document")


def _quality(axes: Any, explanation: Explanation) -> None:
    costs, shares, found = explanation.objective.costs, explanation.shares, explanation.break_even
    accuracy = np.linspace(1 / len(shares), 1, 200)
    acted_on, weighed = cost_of_accuracy(costs, shares, accuracy)
    axes.axhline(explanation.policies.best, color=_COLOURS[2], linewidth=1.2, linestyle=(0, (4, 3)))
    curves = ((acted_on, found.acted_on, "every answer is acted on"), (weighed, found.weighed, "answers are weighed"))
    for (curve, value, name), colour in zip(curves, _COLOURS, strict=False):
        label = f"{name}: " + ("never pays" if value is None else f"pays from {percent(value)}")
        axes.plot(accuracy, curve, color=colour, label=label)
        if value is not None:
            axes.plot([value], [explanation.policies.best], "o", color=colour, zorder=5)
    axes.set_ylim(bottom=0)
    axes.set_title("A model pays for itself where it is below the dashed line")
    axes.set_xlabel("accuracy, errors falling evenly on the other classes")
    axes.set_ylabel(f"{_short(explanation.objective.unit)} a document")
    axes.legend(fontsize=8.5, loc="upper right")


def _decisions(axes: Any, explanation: Explanation, pair: Pair) -> None:
    objective, p = explanation.objective, np.linspace(0, 1, 101)
    matrix = objective.costs.matrix
    for action, colour in ((pair.first, _COLOURS[0]), (pair.second, _COLOURS[1])):
        line = p * matrix[pair.first, action] + (1 - p) * matrix[pair.second, action]
        axes.plot(p, line, color=colour, label=f"decide {_short(explanation.name(action))}")
    if objective.ask_person is not None:
        axes.axhline(objective.ask_person, color=_ASK, linewidth=1.2, label="ask a person")
    for region in pair.regions:
        if region.action == ASK:
            axes.axvspan(region.low, region.high, color=_ASK, alpha=0.1, linewidth=0)
    _mark(axes, pair)
    first, second = _short(explanation.name(pair.first), 14), _short(explanation.name(pair.second), 14)
    axes.set_title(f"{first} or {second}{_turn(pair)}")
    axes.set_xlabel(f"probability of {first}, the rest {second}")
    axes.set_ylabel(f"expected cost, {_short(objective.unit)}")
    axes.set_ylim(bottom=0)
    _legend(axes, "upper center")


def _threshold(axes: Any, explanation: Explanation, pair: Pair) -> None:
    objective = explanation.objective
    first, second = _short(explanation.name(pair.first), 14), _short(explanation.name(pair.second), 14)
    cuts = np.linspace(0.002, 0.998, 250)
    if explanation.shares[[pair.first, pair.second]].min() > 0:
        for auc, alpha in zip(_AUCS, (0.4, 0.7, 1.0), strict=True):
            curve = cost_of_threshold(objective.costs, explanation.shares, pair.first, pair.second, cuts, auc)
            axes.plot(cuts, curve, color=_COLOURS[0], alpha=alpha, label=f"model with AUC {auc:g}")
        _legend(axes, "best")
    axes.axvline(0.5, color=_SOFT, linewidth=1, linestyle=(0, (1, 2)))
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "xytext": (-4, 4)}
    axes.annotate("argmax", (0.5, 0.0), fontsize=8, color=_SOFT, ha="right", **place)
    _mark(axes, pair)
    axes.set_title(f"{first} or {second}: by threshold")
    axes.set_xlabel(f"threshold on the probability of {first}")
    axes.set_ylabel(f"{_short(objective.unit)} a document of the two")


def _mark(axes: Any, pair: Pair) -> None:
    if pair.boundary is not None:
        axes.axvline(pair.boundary, color=_INK, linewidth=1, linestyle=(0, (4, 3)))


def _turn(pair: Pair) -> str:
    return "" if pair.boundary is None else f": p* = {percent(pair.boundary)}"


def _legend(axes: Any, place: str) -> None:
    axes.legend(fontsize=8, loc=place, frameon=True, framealpha=0.85, edgecolor="none")


def _short(text: str, most: int = 32) -> str:
    clean = "".join(each if each.isprintable() else "�" for each in text)
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"
