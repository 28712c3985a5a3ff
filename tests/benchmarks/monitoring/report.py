"""docs/monitoring.md, docs/monitoring.json and the pictures, from results alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.monitoring.groups import group
from benchmarks.monitoring.rows import Beside, Result, Row
from benchmarks.wording import cell, number

__all__ = ["markdown", "write"]

# Written by people, and kept: whatever else is on the page comes from measurements.
BY_HAND = Path(__file__).with_name("by_hand.md")
_HEAD = """\
# Can its alarms be trusted?

<!-- Written by `make bench-monitoring`: changes made by hand are lost. -->

What monitoring promises, measured: how often it cries wolf, what it finds and how late, what its estimates are worth,
and what it costs. Beside it stand the tools that are used for this today, at the same rate of false alarms.
"""


def write(folder: Path, results: Mapping[str, Result], about: Mapping[str, Any]) -> None:
    """The page, its figures as JSON, and each group's pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {key: group(key).draw(each, folder) for key, each in results.items()}
    by_hand = BY_HAND.read_text("utf-8") if BY_HAND.exists() else ""
    (folder / "monitoring.md").write_text(markdown(results, about, pictures, by_hand), encoding="utf-8")
    data = {"circumstances": dict(about), "groups": {key: each.to_json() for key, each in results.items()}}
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    (folder / "monitoring.json").write_text(text, encoding="utf-8")


def markdown(
    results: Mapping[str, Result], about: Mapping[str, Any], pictures: Mapping[str, list[str]], by_hand: str = ""
) -> str:
    """`by_hand` is what a person says of it: why a figure is missed, what was tried."""
    rows = ["| figure | asked | measured | 95 % interval | beside it | |", "|---|---|---|---|---|---|"]
    rows += [_row(each) for result in results.values() for each in result.rows]
    notes = [f"- {each.title}: {note}." for result in results.values() for each in result.rows for note in each.notes]
    quick = "> **A quick run**, of tiny sizes, which shows that the bench runs. Do not quote these figures.\n"
    shown = [f"![{Path(each).stem.replace('-', ' ')}]({each})\n" for made in pictures.values() for each in made]
    parts = [_HEAD, quick if about.get("quick") else "", "## The table\n", "\n".join(rows) + "\n"]
    parts += ["\n".join(notes) + "\n" if notes else "", *shown, by_hand, _measured(results, about)]
    return "\n".join(each for each in parts if each)


def _row(each: Row) -> str:
    verdict = {None: "", True: "met", False: "**missed**"}[each.met]
    unit = f" {each.unit}" if each.unit else ""
    asked = "" if each.bar is None else f"{each.bar}{unit}"
    interval = f"{number(each.low)} to {number(each.high)}"
    beside = "; ".join(_beside(one) for one in each.beside)
    cells = [each.title, asked, f"**{number(each.value)}**{unit}", interval, beside, verdict]
    return f"| {' | '.join(cell(each) for each in cells)} |"


def _beside(each: Beside) -> str:
    interval = "" if each.low is None or each.high is None else f" ({number(each.low)} to {number(each.high)})"
    return f"{each.name} {number(each.value)}{interval}"


def _measured(results: Mapping[str, Result], about: Mapping[str, Any]) -> str:
    lines = ["## Where, and of what", "", "| | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {cell(_flat(value))} |" for name, value in about.items()]
    lines += [f"| {key} | {cell(_flat(each.about))} |" for key, each in results.items() if each.about]
    return "\n".join(lines) + "\n"


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(each)}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
