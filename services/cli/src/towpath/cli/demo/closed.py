"""The second act's last screen: what films cost, before and after, and how the loop closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from towpath.cli.context import plain
from towpath.cli.demo.figures import Report
from towpath.cli.demo.loop import more

__all__ = ["closed"]

_ROWS = (
    ("before", "before a release was tried"),
    ("tried", "while it was tried, by either"),
    ("after", "when it reigned"),
)


def closed(report: Report) -> RenderableType:
    """Of a second act that came to its end."""
    told = report.second_act
    gate = Text(plain(str(told["run"]["explanation"])))
    panel = Panel(gate, title=f"the gate: {told['run']['outcome']}", title_align="left", expand=False)
    return Group(Text(), _costs(report), Text(), _loop(told, report.unit), Text(), panel)


def _costs(report: Report) -> Table:
    told = report.second_act
    table = Table(title=f"{told['films']:,} film snippets, after the tweets", title_justify="left")
    for title in ("", "documents", f"cost, {report.unit} a document", "asks a person"):
        table.add_column(title, justify="left" if not title else "right")
    first = report.deciders[0]
    table.add_row("tweets", f"{first.documents:,}", f"{first.expected_cost:.3f}", f"{first.asked:.1%}")
    for key, title in _ROWS:
        if cost := told["costs"][key]:
            row = f"{cost['documents']:,}", f"{cost['mean']:.3f}", f"{cost['asked']:.1%}"
            table.add_row(f"films, {title}", *row)
    if saved := told["saved"]:
        for name, key in (("films that the new release answered", "by_new"), ("the same, by the first", "by_first")):
            table.add_row(name, f"{saved['documents']:,}", f"{saved[key]:.3f}", "")
    return table


def _loop(told: Mapping[str, Any], unit: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, text in _lines(told, unit):
        table.add_row(Text(name, "bold"), Text(plain(text)))
    return table


def _lines(told: Mapping[str, Any], unit: str) -> list[tuple[str, str]]:
    alert, seconds, run = told["alert"], told["seconds_until"], told["run"]
    expected = f"{more(alert, unit)} expected"
    lines = [("alarm", f"{alert['cause']} after {told['documents_until_alarm']} snippets: {expected}")]
    if told["priced"]:
        lines.append(("price", f"{more(told['priced'], unit)}, by feedback"))
    lines.append(("labels", f"asked for and given: {told['ratings']:,} grades; what they cost is not in what is saved"))
    lines.append(("run", f"{run['runId']}, for {', '.join(run['causes'])}"))
    lines.append(("canary", str(told["rollout"].get("reason", ""))))
    delay = (
        f"{told['documents_until_release']:,} snippets, {seconds['release']:.0f} s from the first to the new release"
    )
    lines.append(("delay", f"{delay}; {told['documents_until_alarm']}, {seconds['alarm']:.0f} s to the alarm"))
    if saved := told["saved"]:
        lines.append(
            (
                "saved",
                f"{saved['total']:,.0f} {unit} on {saved['documents']:,} documents, {saved['each']:.3f} ± "
                f"{saved['error']:.3f} of each: {saved['expected']:,.0f} {unit} over the "
                f"{saved['expected_documents']:,} that the objective expects, less {saved['run_cost']:g} for the run",
            )
        )
    lines.append(("in all", f"{told['seconds']:.0f} s"))
    return lines
