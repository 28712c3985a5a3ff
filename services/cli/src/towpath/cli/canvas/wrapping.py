"""Lines that fit: SVG does not wrap text. Measured in DejaVu Sans, the widest of the fonts that viewers may take."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["fitted", "one_line", "width", "wrapped"]

_LEADING = 1.34


def width(text: str, size: float) -> float:
    """In the unit of `size`."""
    return size * sum(map(_of_one, text))


def wrapped(text: str, size: float, room: float) -> list[str]:
    """Lines of at most `room`; a word that is longer than a line is cut."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, size, room)
        lines += full
    return [*lines, line] if line else lines


def fitted(text: str, room: tuple[float, float], sizes: tuple[float, float]) -> tuple[float, list[str]]:
    """The largest of `sizes` (largest, smallest) at which the text fits; what does not fit then, ends in …"""
    largest, smallest = sizes
    size = largest
    while size > smallest and len(wrapped(text, size, room[0])) * size * _LEADING > room[1]:
        size -= 0.5
    lines, most = wrapped(text, size, room[0]), max(1, int(room[1] / (size * _LEADING)))
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1].rstrip()[:-1]}…"]
    return size, lines


def one_line(text: str, room: float, sizes: tuple[float, float]) -> tuple[float, str]:
    """The same for a line that must not be broken."""
    largest, smallest = sizes
    size = max(smallest, min(largest, room / max(width(text, 1), 1e-9)))
    if width(text, size) <= room + 1e-9:
        return size, text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return size, f"{text}…"


def _pieces(word: str, size: float, room: float) -> list[str]:
    pieces = [""]
    for each in word:
        if pieces[-1] and width(pieces[-1] + each, size) > room:
            pieces.append("")
        pieces[-1] += each
    return pieces


@cache
def _of_one(each: str) -> float:
    """What it advances at size 1; what the font lacks is taken for as wide as Chinese."""
    from matplotlib.ft2font import LoadFlags

    if unicodedata.combining(each):
        return 0.0
    font = _font()
    if not font.get_char_index(ord(each)):
        return 1.05
    return float(font.load_char(ord(each), LoadFlags.NO_HINTING).linearHoriAdvance) / 65536 / 100


@cache
def _font() -> Any:
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"))
    font.set_size(100, 72)
    return font
