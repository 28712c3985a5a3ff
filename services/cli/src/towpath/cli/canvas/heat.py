"""What errors cost, as a table whose cells are the redder the dearer."""

from __future__ import annotations

from collections.abc import Iterator

from towpath.cli.canvas.shapes import INK, SOFT, Area, rectangle, text
from towpath.cli.canvas.wrapping import one_line
from towpath.cli.prices import Prices, prices
from towpath.core.objective import Objective

__all__ = ["heat", "heat_table"]

_MOST = 9  # rows or columns that can be read from where one stands
_RIGHT = "#e3f0e6"
_PALE, _HOT = (252, 245, 236), (190, 63, 47)


def heat(value: float, highest: float) -> tuple[str, str]:
    """Colours of a cell and of its text."""
    if value <= 0:
        return _RIGHT, INK
    share = (value / highest) ** 0.6  # so that small costs can be told apart, too
    red, green, blue = (round(low + share * (high - low)) for low, high in zip(_PALE, _HOT, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}", "#ffffff" if share > 0.55 else INK


def heat_table(objective: Objective, area: Area) -> Iterator[str]:
    """Within `area`; of very many classes, the first ones."""
    table = prices(objective)
    rows, columns = table.rows[:_MOST], table.columns[:_MOST]
    left_out = len(table.rows) - len(rows) + len(table.columns) - len(columns)
    title = f"What an error costs, in {objective.unit} a{'n' * (table.per[0] in 'aeiou')} {table.per}"
    if left_out:
        title += f" (the first {len(rows)} of {len(table.rows)})"
    size, title = one_line(title, area.width - 32, (20, 10))
    yield text(title, area.x + 16, area.y + 34, size, weight=700)
    label = 0.3 * area.width if len(columns) > 1 else 0.5 * area.width
    cell = Area(
        area.x + 16 + label,
        area.y + (86 if len(columns) > 1 else 58),
        min(170.0, (area.width - 32 - label) / len(columns)),
        min(60.0, (area.height - (102 if len(columns) > 1 else 74)) / len(rows)),
    )
    if len(columns) > 1:
        yield text(table.corner.replace("\\", "/"), area.x + 16, cell.y - 10, 14, colour=SOFT)
        for n, name in enumerate(columns):
            size, line = one_line(name, cell.width - 8, (16, 8))
            yield text(line, cell.x + (n + 0.5) * cell.width, cell.y - 10, size, weight=600, anchor="middle")
    yield from _rows(table, rows, columns, cell, label)


def _rows(table: Prices, rows: tuple[str, ...], columns: tuple[str, ...], cell: Area, label: float) -> Iterator[str]:
    size = min(22.0, cell.height * 0.5)
    for n, name in enumerate(rows):
        middle = cell.y + (n + 0.5) * cell.height + size * 0.36
        own, line = one_line(name, label - 14, (min(18.0, size), 7))
        yield text(line, cell.x - label, middle, own, weight=600)
        for m in range(len(columns)):
            value = table.values[n][m]
            fill, ink = heat(value, table.highest)
            at = Area(cell.x + m * cell.width, cell.y + n * cell.height, cell.width - 4, cell.height - 4)
            yield rectangle(at, fill, radius=5)
            yield text(f"{value:g}", at.x + at.width / 2, middle - 2, size, colour=ink, weight=600, anchor="middle")
