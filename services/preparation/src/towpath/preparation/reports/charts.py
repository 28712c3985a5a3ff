"""Charts as inline SVG in the colours of the page, light or dark. No pyplot: nothing global is left behind."""

from __future__ import annotations

import hashlib
import html
import io
import re
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ["Band", "Interval", "Line", "Point", "bars", "histogram", "intervals", "lines", "points"]

# Matplotlib knows no CSS: colours that nobody would choose stand for the page's.
_COLOURS = {"#010203": "--ink", "#010204": "--soft", "#010205": "--line", "#010206": "--bad", "#010211": "--accent"}
_COLOURS |= {"#010212": "--accent2", "#010213": "--accent3", "#010214": "--accent4", "#010207": "--good"}
_BY_NAME = {variable.removeprefix("--"): colour for colour, variable in _COLOURS.items()}
_SERIES = ("accent", "accent2", "accent3", "accent4", "soft")
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "towpath",
    "text.parse_math": False,  # names are nobody's formulas
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": _BY_NAME["ink"],
    "axes.labelcolor": _BY_NAME["soft"],
    "axes.edgecolor": _BY_NAME["line"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _BY_NAME["soft"],
    "ytick.color": _BY_NAME["soft"],
    "grid.color": _BY_NAME["line"],
    "legend.frameon": False,
}
_WIDTH = 8.6  # inches; the page scales it


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds; `tone` is a colour of the page: accent, bad, good, soft."""

    label: str
    value: float
    low: float
    high: float
    tone: str = "accent"


@dataclass(frozen=True)
class Band:
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Line:
    """`x` and `y` of equal length, `band` around it."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    band: Band | None = None


@dataclass(frozen=True)
class Point:
    """`tone` is a colour of the page."""

    label: str
    x: float
    y: float
    tone: str = "accent"


def points(
    rows: Sequence[Point], *, title: str, x_label: str = "", y_label: str = "", named: Collection[str] = ()
) -> str:
    """A dot each; those whose label is in `named` have it beside them."""

    def draw(axes: Any) -> None:
        for tone in sorted({each.tone for each in rows}):
            some = [each for each in rows if each.tone == tone]
            axes.scatter([p.x for p in some], [p.y for p in some], s=34, color=_BY_NAME[tone], alpha=0.7, linewidth=0)
        for each in rows:
            if each.label in named:
                place = {"textcoords": "offset points", "xytext": (6, 3)}
                axes.annotate(_short(each.label), (each.x, each.y), fontsize=8.5, color=_BY_NAME["soft"], **place)
        axes.grid(linewidth=0.6)
        axes.set_axisbelow(True)
        axes.margins(0.08)
        axes.set_xlabel(_short(x_label))
        axes.set_ylabel(_short(y_label))

    return _svg(draw, title, 3.6)


def intervals(
    rows: Sequence[Interval], *, title: str, x_label: str = "", marker: tuple[float, str] | None = None
) -> str:
    """A row each, from the top; `marker` is a value to hold them against, with its name."""

    def draw(axes: Any) -> None:
        for n, each in enumerate(rows):
            colour = _BY_NAME[each.tone]
            axes.plot([each.low, each.high], [n, n], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="round")
            axes.plot([each.value], [n], "o", color=colour, markersize=6)
        axes.set_yticks(range(len(rows)), [_short(each.label) for each in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="x", linewidth=0.6)
        if marker is not None:
            axes.axvline(marker[0], color=_BY_NAME["bad"], linewidth=1.2, linestyle=(0, (4, 3)))
            place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points", "xytext": (4, 3)}
            axes.annotate(_short(marker[1]), (marker[0], 1.0), color=_BY_NAME["bad"], fontsize=8.5, **place)
        axes.set_xlabel(_short(x_label))

    return _svg(draw, title, 0.75 + 0.3 * max(1, len(rows)))


def bars(labels: Sequence[str], values: Sequence[float], *, title: str, x_label: str = "", tone: str = "accent") -> str:
    """A horizontal bar each, from the top, with its value."""

    def draw(axes: Any) -> None:
        drawn = axes.barh(range(len(labels)), values, color=_BY_NAME[tone], height=0.62)
        axes.bar_label(drawn, [_figure(each) for each in values], padding=4, fontsize=8.5, color=_BY_NAME["soft"])
        axes.set_yticks(range(len(labels)), [_short(each) for each in labels])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.margins(x=0.12)
        axes.set_xlabel(_short(x_label))

    return _svg(draw, title, 0.75 + 0.3 * max(1, len(labels)))


def histogram(values: Sequence[float], *, title: str, x_label: str = "", bins: int | Sequence[float] = 40) -> str:
    def draw(axes: Any) -> None:
        axes.hist(values, bins=bins, color=_BY_NAME["accent"], alpha=0.85)
        axes.grid(axis="y", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(_short(x_label))

    return _svg(draw, title, 2.6)


def lines(
    series: Sequence[Line],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    marker: tuple[float, str] | None = None,
    ticks: tuple[Sequence[float], Sequence[str]] | None = None,
) -> str:
    """At most five series; `marker` is a horizontal line; `ticks` names places on the x axis."""

    def draw(axes: Any) -> None:
        for each, name in zip(series, _SERIES, strict=False):
            colour = _BY_NAME[name]
            if each.band is not None:
                axes.fill_between(each.x, each.band.low, each.band.high, color=colour, alpha=0.16, linewidth=0)
            axes.plot(each.x, each.y, color=colour, linewidth=1.8, marker="o", markersize=3.5, label=_short(each.label))
        if marker is not None:
            axes.axhline(
                marker[0], color=_BY_NAME["bad"], linewidth=1.2, linestyle=(0, (4, 3)), label=_short(marker[1])
            )
        if ticks is not None:
            axes.set_xticks(list(ticks[0]), [_short(each) for each in ticks[1]])
        axes.grid(axis="y", linewidth=0.6)
        axes.set_xlabel(_short(x_label))
        axes.set_ylabel(_short(y_label))
        if len(series) > 1 or marker is not None:
            axes.legend(fontsize=8.5, loc="best")

    return _svg(draw, title, 3.0)


def _svg(draw: Callable[[Any], None], title: str, height: float) -> str:
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # It has no glyphs of most scripts to measure by; the browser that draws the text has.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font", UserWarning)
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.tick_params(length=0)
        draw(axes)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return _for_a_page(out.getvalue(), title)


def _for_a_page(svg: str, title: str) -> str:
    """Without a prologue, in the page's colours and font, with ids that no other picture of the page has."""
    prefix = "c" + hashlib.sha256(f"{title}\n{svg}".encode()).hexdigest()[:8]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' id="([^"]*)"', rf' id="{prefix}\1"', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}", svg)
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = svg.replace("'DejaVu Sans'", "system-ui, sans-serif").replace("DejaVu Sans", "system-ui, sans-serif")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(_clean(title))}" ', 1)


def _clean(text: str) -> str:
    return "".join(each if each.isprintable() else "�" for each in text)


def _short(text: str) -> str:
    clean = _clean(text)
    return clean if len(clean) <= 40 else f"{clean[:39]}…"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
