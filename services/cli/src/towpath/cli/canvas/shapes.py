"""Rectangles and text of the SVG; text is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from towpath.cli.canvas.boxes import clean

__all__ = ["COLOURS", "INK", "SOFT", "Area", "paragraph", "rectangle", "text"]

INK, SOFT = "#22252a", "#646a73"
# Pale for the box, strong for its title.
COLOURS = {
    "predict": ("#eaf1f5", "#2f6f8f"),
    "value": ("#e9f2ea", "#2f7d4f"),
    "learn": ("#f8eee6", "#a85a2a"),
    "live": ("#f0ecf5", "#6f5191"),
}


@dataclass(frozen=True)
class Area:
    x: float
    y: float
    width: float
    height: float


def rectangle(area: Area, fill: str, *, radius: float = 0, line: str = "none") -> str:
    at = f'x="{area.x:.1f}" y="{area.y:.1f}" width="{area.width:.1f}" height="{area.height:.1f}"'
    return f'<rect {at} rx="{radius:g}" fill="{fill}" stroke="{line}"/>'


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    *,
    weight: int = 400,
    colour: str = INK,
    anchor: Literal["start", "middle", "end"] = "start",
) -> str:
    style = f'font-size="{size:g}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{html.escape(clean(words))}</text>'


def paragraph(lines: Sequence[str], x: float, y: float, size: float, *, colour: str = INK) -> str:
    """From the first line's base on."""
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{y + n * size * 1.34:.1f}">{html.escape(clean(line))}</tspan>'
        for n, line in enumerate(lines)
    )
    return f'<text font-size="{size:g}" fill="{colour}">{spans}</text>'
