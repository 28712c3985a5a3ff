"""The canvas as Markdown, for a repository or a wiki."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.cli.canvas.boxes import boxes, clean, good_enough, price_of_asking
from towpath.cli.prices import prices
from towpath.core.objective import Objective

__all__ = ["markdown"]

_SIDES = (("value", "What for"), ("predict", "Use it"), ("learn", "Learn it"), ("live", "Watch it"))


def markdown(objective: Objective, shares: Sequence[float] | None = None) -> str:
    """A table each for canvas and costs, and how good is good enough."""
    found, table = boxes(objective.canvas), prices(objective)
    lines = [f"# {_cell(objective.name)}", "", "| | | |", "| --- | --- | --- |"]
    for side, title in _SIDES:
        for n, box in enumerate(each for each in found if each.side == side):
            lines.append(f"| {f'**{title}**' if n == 0 else ''} | **{box.title}** | {_cell(box.text)} |")
    lines += ["", f"What an error costs, in {_cell(objective.unit)} for each {table.per}:", ""]
    lines += [f"| {' | '.join(map(_cell, (table.corner, *table.columns)))} |"]
    lines += ["| --- |" + " ---: |" * len(table.columns)]
    for name, row in zip(table.rows, table.values, strict=True):
        dearest = [f"**{value:g}**" if 0 < value == table.highest else f"{value:g}" for value in row]
        lines.append(f"| {' | '.join([_cell(name), *dearest])} |")
    lines += ["", "How good is good enough:", "", f"- {_cell(price_of_asking(objective))}"]
    return "\n".join([*lines, *(f"- {_cell(sentence)}" for sentence in good_enough(objective, shares)), ""])


def _cell(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in clean(text))
