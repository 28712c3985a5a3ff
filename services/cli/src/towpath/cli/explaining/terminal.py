"""An explanation in the terminal."""

from __future__ import annotations

import math

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from towpath.cli.explaining.explanation import SHOWN_PAIRS, Explanation, money, percent

__all__ = ["certainty", "recall", "show"]


def show(explanation: Explanation, console: Console) -> None:
    objective, shares = explanation.objective, explanation.shares
    occurring = ", ".join(f"{name} {percent(share)}" for name, share in zip(objective.classes, shares, strict=True))
    console.print(Text(f"{objective.name}: how good is good enough", style="bold"))
    console.print(Text(f"Class shares: {occurring} ({explanation.shares_from}).\n"))
    console.print(_policies(explanation))
    for sentence in (*explanation.verdict, explanation.alarm):
        console.print(Padding(Text(sentence), (0, 1)))
    console.print()
    console.print(_classes(explanation))
    console.print(_pairs(explanation))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for n, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if n else "left")
    return table


def _policies(explanation: Explanation) -> Table:
    table = _table("Without a model", "policy", f"{explanation.objective.unit} a document")
    for n, (name, cost) in enumerate(explanation.policy_rows):
        table.add_row(Text(name), Text(money(cost)), style="green" if n == 0 else None)
    return table


def _classes(explanation: Explanation) -> Table:
    asks = explanation.policies.ask is not None
    table = _table(
        "Of each class", "class", "recall that is needed", *(["never act below", "act from"] if asks else [])
    )
    for index, name in enumerate(explanation.objective.classes):
        sure = explanation.acting[index]
        cells = [recall(explanation, index)]
        cells += [certainty(sure.never_below), certainty(sure.always_from)] if asks else []
        table.add_row(Text(name), *map(Text, cells))
    return table


def _pairs(explanation: Explanation) -> Table:
    shown = explanation.pairs[:SHOWN_PAIRS]
    count = len(explanation.objective.classes)
    whole = count * (count - 1) // 2
    title = "Between two classes" + (f" (the {len(shown)} dearest of {whole})" if whole > len(shown) else "")
    table = _table(title, "p of the first", "without asking")
    table.add_column("cheapest, as p grows", overflow="fold")
    for each in shown:
        names = f"{explanation.name(each.first)} / {explanation.name(each.second)}"
        boundary = "always one" if each.boundary is None else f"from {percent(each.boundary)}"
        table.add_row(Text(names), Text(boundary), Text(explanation.regions(each)))
    return table


def recall(explanation: Explanation, index: int) -> str:
    value = float(explanation.break_even.recalls[index])
    if math.isnan(value):
        return "none is enough"
    return "any" if value == 0 else percent(value)


def certainty(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "never" if value > 1 else percent(value)
