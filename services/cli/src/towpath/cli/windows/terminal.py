"""The report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from towpath.cli.context import plain
from towpath.cli.windows.told import compared, effect, money, p_value, priced, title
from towpath.cli.windows.words import Word
from towpath.monitoring.domain.windows.shown import WindowReport

__all__ = ["show"]

_COLOURS = {"much": "red", "little": "yellow", "none": "green", "unclear": "magenta"}
_SLICES, _WORDS = 8, 10


def show(report: WindowReport, words: Sequence[Word], texts: dict[str, str], out: Console) -> None:
    """Its tables, on `out`."""
    _say(out, f"{report.objective}: {compared(report)}.")
    _say(out, report.explanation)
    out.print(_tests(report))
    if report.price is not None:
        per = f"{report.unit} per 1,000 documents"
        before, now = money(report.price.before), money(report.price.now)
        _say(out, f"Expected cost: {before} before, {now} now, {priced(report.price)} {per}: {report.price.verdict}.")
    out.print(_slices(report))
    if words:
        table = _table("word", "now", "before")
        for each in words[:_WORDS]:
            table.add_row(Text(plain(each.word)), f"{each.now:.1%}", f"{each.before:.1%}")
        out.print(table)
    for moved in report.came[:3]:
        _say(out, f"least like before: {moved.document_id} {texts.get(moved.document_id, '')[:100]}".replace("\n", " "))
    for note in report.notes:
        _say(out, note)


def _tests(report: WindowReport) -> Table:
    table = _table("what", "differs", "by", "measure", "p")
    for test in report.tests:
        word = Text(test.effect.word, style=_COLOURS[test.effect.word])
        row = Text(title(test)), word, Text(effect(test.effect)), Text(test.effect.measure), Text(p_value(test))
        table.add_row(*row)
    return table


def _slices(report: WindowReport) -> Table:
    table = _table("slice", "", "now", "before", "adds to cost")
    shown = sorted(report.slices, key=lambda each: -abs(each.now - each.before))[:_SLICES]
    for each in shown:
        table.add_row(each.of, Text(plain(each.name)), f"{each.now:.1%}", f"{each.before:.1%}", f"{each.adds:+,.2f}")
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name)
    return table


def _say(out: Console, words: str) -> None:
    out.print(Text(plain(words)))
