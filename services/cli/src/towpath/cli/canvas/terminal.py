"""The canvas in the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from towpath.cli.canvas.boxes import boxes, clean, good_enough, price_of_asking
from towpath.cli.prices import prices
from towpath.core.objective import Objective

__all__ = ["terminal"]


def terminal(objective: Objective, width: int | None = None, shares: Sequence[float] | None = None) -> str:
    """With colours where the terminal has them; `width` in columns."""
    console = Console(file=io.StringIO(), force_terminal=None, width=width or max(60, Console().width), highlight=False)
    columns = 5 if console.width >= 110 else 2
    each = console.width // columns - 1
    panels = [
        Panel(Text(box.text), title=f"[b]{box.title}[/b]", title_align="left", width=each)
        for box in boxes(objective.canvas)
    ]
    said = [Text(clean(sentence)) for sentence in (price_of_asking(objective), *good_enough(objective, shares))]
    console.print(Group(Text(objective.name, style="bold"), Columns(panels), _table(objective), *said))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def _table(objective: Objective) -> Table:
    found = prices(objective)
    table = Table(title=Text(f"Costs in {clean(objective.unit)} for each {found.per}"), title_justify="left")
    table.add_column(Text(found.corner))
    for name in found.columns:
        table.add_column(Text(clean(name)), justify="right")
    for name, row in zip(found.rows, found.values, strict=True):
        table.add_row(Text(clean(name)), *(Text(f"{value:g}", style=_tone(value, found.highest)) for value in row))
    return table


def _tone(value: float, highest: float) -> str:
    if value <= 0:
        return "green"
    return "bold red" if value > 0.5 * highest else "yellow"
