"""The canvas as one page, A3 landscape: ten boxes, and below them what errors cost and how good is good enough."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from towpath.cli.canvas.boxes import Box, boxes, clean, good_enough, price_of_asking
from towpath.cli.canvas.heat import heat_table
from towpath.cli.canvas.shapes import COLOURS, INK, SOFT, Area, paragraph, rectangle, text
from towpath.cli.canvas.wrapping import fitted, one_line
from towpath.core.objective import Objective

__all__ = ["svg"]

WIDTH, HEIGHT = 1680.0, 1188.0  # 420 by 297 mm, 4 to a millimetre
_MARGIN, _GAP, _TOP, _ROW, _LIVE = 36.0, 12.0, 128.0, 284.0, 112.0
_PADDING, _HEAD = 18.0, 58.0
_SIZES = (25.0, 8.0)
_VALUE = 33.0  # the middle has room for large letters
_EVEN = 14.0  # down to this size all boxes have the same


def svg(objective: Objective, shares: Sequence[float] | None = None) -> str:
    """Text is wrapped and made smaller until it fits its box."""
    parts = [*_head(objective), *_canvas(objective), *_money(objective, shares)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="420mm" height="297mm" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'role="img" aria-label="{html.escape(clean(objective.name))}: machine learning canvas" '
        f'font-family="Inter, Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif">\n'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fbfaf8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _head(objective: Objective) -> Iterator[str]:
    size, name = one_line(objective.name, WIDTH - 620, (38, 16))
    yield text(name, _MARGIN, 74, size, weight=700)
    kind = f"machine learning canvas  ·  {objective.kind}"
    yield text(kind, _MARGIN, 102, 16, colour=SOFT)
    yield text(f"contract {objective.hash[7:19]}", WIDTH - _MARGIN, 102, 13, colour=SOFT, anchor="end")
    for n, (side, title) in enumerate((("predict", "use it"), ("value", "what for"), ("learn", "learn it"))):
        x = WIDTH - _MARGIN - 330 + 118 * n
        yield rectangle(Area(x, 58, 14, 14), COLOURS[side][1], radius=4)
        yield text(title, x + 21, 71, 15, colour=SOFT)


@dataclass(frozen=True)
class _Placed:
    box: Box
    area: Area

    @property
    def flat(self) -> bool:
        """It has no line to spare for its hint, which stands beside the title."""
        return self.area.width > 2 * self.area.height

    @property
    def head(self) -> float:
        return 42.0 if self.flat else _HEAD

    @property
    def room(self) -> tuple[float, float]:
        return self.area.width - 2 * _PADDING, self.area.height - self.head - _PADDING


def _canvas(objective: Objective) -> Iterator[str]:
    placed = _placed(boxes(objective.canvas))
    size = min(fitted(each.box.text, each.room, _SIZES)[0] for each in placed)
    largest = {"value": max(size, min(_VALUE, 1.3 * size))}
    for each in placed:
        pale, strong = COLOURS[each.box.side]
        area = each.area
        yield rectangle(area, pale, radius=10)
        yield rectangle(Area(area.x, area.y, area.width, 5), strong, radius=2)
        yield text(each.box.title, area.x + _PADDING, area.y + 32, 20, weight=700, colour=strong)
        hint = (area.x + 372, area.y + 32) if each.flat else (area.x + _PADDING, area.y + 52)
        yield text(each.box.hint, *hint, 13.5, colour=SOFT)
        own, lines = fitted(each.box.text, each.room, (max(largest.get(each.box.side, size), _EVEN), _SIZES[1]))
        yield paragraph(lines, area.x + _PADDING, area.y + each.head + own + 4, own)


def _placed(found: Sequence[Box]) -> Iterator[_Placed] | list[_Placed]:
    column = (WIDTH - 2 * _MARGIN - 4 * _GAP) / 5
    x = [_MARGIN + n * (column + _GAP) for n in range(5)]
    upper = [Area(x[n], _TOP, column, 2 * _ROW + _GAP if n == 2 else _ROW) for n in range(5)]
    lower = [Area(x[n], _TOP + _ROW + _GAP, column, _ROW) for n in (0, 1, 3, 4)]
    live = Area(_MARGIN, _TOP + 2 * (_ROW + _GAP), WIDTH - 2 * _MARGIN, _LIVE)
    return [_Placed(box, area) for box, area in zip(found, [*upper, *lower, live], strict=True)]


def _money(objective: Objective, shares: Sequence[float] | None) -> Iterator[str]:
    top = _TOP + 2 * (_ROW + _GAP) + _LIVE + _GAP
    height, half = HEIGHT - _MARGIN - top, (WIDTH - 2 * _MARGIN - _GAP) / 2
    left, right = Area(_MARGIN, top, half, height), Area(_MARGIN + half + _GAP, top, half, height)
    for area in (left, right):
        yield rectangle(area, "#ffffff", radius=10, line="#e2e0da")
    yield from heat_table(objective, left)
    yield text("How good is good enough", right.x + _PADDING, right.y + 34, 20, weight=700)
    room = (right.width - 2 * _PADDING, right.height - _HEAD - _PADDING)
    sentences = [price_of_asking(objective), *good_enough(objective, shares)]
    size = _one_size(sentences, room)
    y = right.y + _HEAD + size
    for n, sentence in enumerate(sentences):
        last = n == len(sentences) - 1 and objective.kind == "text-classification"
        lines = fitted(clean(sentence), (room[0], room[1]), (size, size))[1]
        yield paragraph(lines, right.x + _PADDING, y, size, colour=SOFT if last else INK)
        y += (len(lines) * 1.34 + 0.3) * size


def _one_size(sentences: Sequence[str], room: tuple[float, float]) -> float:
    size = 21.0
    while size > 7:
        lines = [fitted(clean(each), room, (size, size))[1] for each in sentences]
        if sum((len(each) * 1.34 + 0.3) * size for each in lines) <= room[1]:
            break
        size -= 0.5
    return size
