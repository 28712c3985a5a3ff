"""The machine learning canvas of an objective, drawn: in the terminal, as HTML, as Markdown."""

from __future__ import annotations

import html
import io

from rich.columns import Columns
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from towpath.cli.prices import prices
from towpath.core.objective import Canvas, Objective

__all__ = ["markdown", "page", "terminal"]

# How Dorard's canvas lies on the page: prediction on the left, value in the middle, learning on the right.
_ROWS = (
    ("decisions", "ml_task", "value_proposition", "data_sources", "collecting_data"),
    ("making_predictions", "offline_evaluation", "live_evaluation", "features", "building_models"),
)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1c1c1c;background:#fafaf7}
.canvas{display:grid;grid-template-columns:repeat(5,1fr);gap:.75rem}
.box{background:#fff;border:1px solid #d8d6cf;border-radius:.5rem;padding:.75rem 1rem;min-height:8rem}
.box h2{font-size:.75rem;text-transform:uppercase;letter-spacing:.06em;color:#6a6457;margin:0 0 .4rem}
.value_proposition{background:#eef4ea;border-color:#b9cbae}
table{border-collapse:collapse;margin-top:1rem;background:#fff}
td,th{border:1px solid #d8d6cf;padding:.4rem .9rem;text-align:right}th{font-weight:600;text-align:left}
@media(max-width:60rem){.canvas{grid-template-columns:1fr 1fr}}
"""


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Ml", "ML")


def _boxes(canvas: Canvas) -> list[tuple[str, str]]:
    return [(name, getattr(canvas, name)) for row in _ROWS for name in row]


def _cost_rows(objective: Objective) -> list[list[str]]:
    table = prices(objective)
    rows = [[name, *(f"{each:g}" for each in row)] for name, row in zip(table.rows, table.values, strict=True)]
    return [[table.corner, *table.columns], *rows]


def _price(objective: Objective) -> str:
    if objective.ask_person is None:
        return "Nobody can be asked."
    return f"Asking a person costs {objective.ask_person:g} {objective.unit}."


def terminal(objective: Objective, width: int | None = None) -> str:
    """With colours where the terminal has them; `width` in columns."""
    console = Console(file=io.StringIO(), force_terminal=None, width=width or max(60, Console().width), highlight=False)
    columns = 5 if console.width >= 110 else 2
    each = console.width // columns - 1
    boxes = [
        Panel(Text(text), title=f"[b]{_title(name)}[/b]", title_align="left", width=each)
        for name, text in _boxes(objective.canvas)
    ]
    table = Table(title=f"Costs in {objective.unit}", title_justify="left")
    header, *rows = _cost_rows(objective)
    for name in header:
        table.add_column(Text(name), justify="left" if name == header[0] else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Group(Text(objective.name, style="bold"), Columns(boxes), table, Text(_price(objective))))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def page(objective: Objective) -> str:
    """A page of its own, with everything escaped."""
    boxes = "".join(
        f'<section class="box {name}"><h2>{_title(name)}</h2>{html.escape(text)}</section>'
        for name, text in _boxes(objective.canvas)
    )
    header, *rows = _cost_rows(objective)
    table = "<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in header) + "</tr>"
    for first, *cells in rows:
        table += f"<tr><th>{html.escape(first)}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(objective.name)}</title>'
        f'<style>{_STYLE}</style><h1>{html.escape(objective.name)}</h1><div class="canvas">{boxes}</div>'
        f"<h3>Costs in {html.escape(objective.unit)}</h3><table>{table}</table>"
        f"<p>{html.escape(_price(objective))}</p></html>\n"
    )


def markdown(objective: Objective) -> str:
    """A table each for canvas and costs."""
    lines = [f"# {objective.name}", "", "| | |", "| --- | --- |"]
    lines += [f"| **{_title(name)}** | {_cell(text)} |" for name, text in _boxes(objective.canvas)]
    header, *rows = [[_cell(cell) for cell in row] for row in _cost_rows(objective)]
    lines += ["", f"Costs in {_cell(objective.unit)}:", "", f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", _price(objective), ""])


def _cell(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in text).replace("\n", " ")
