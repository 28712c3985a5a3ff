"""towpath data diff"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.commands.snapshots import Named
from towpath.cli.context import console, errors_told, plain
from towpath.cli.snapshots import counted, depot, reading, short

if TYPE_CHECKING:
    from towpath.pipelines.snapshots.difference import Difference

__all__ = ["register", "words"]

_SHOWN, _CUT, _RARE = 5, 90, 0.01


def register(group: typer.Typer) -> None:
    group.command("diff")(diff)


def diff(
    before: Named,
    after: Named = "latest",
    objective: Annotated[Path | None, typer.Option(help="whose classes are counted; else objective.yaml")] = None,
    examples: Annotated[int, typer.Option(min=0, help="how many relabelled documents are shown")] = _SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="all of it, for programs")] = False,
) -> None:
    """What is different in a snapshot: documents, labels, classes, and whether what came reads as what was there.

    Example: towpath data diff baseline latest
    """
    from towpath.pipelines.snapshots.difference import difference
    from towpath.pipelines.snapshots.growth import everything

    with errors_told():
        here = depot()
        one, other = here.find(before), here.find(after)
        with console.status("reading both"):
            found = difference(everything(here, one), everything(here, other), reading(objective))
        if as_json:
            data = {"before": one.id, "after": other.id, "difference": found.to_dict()}
            typer.echo(json.dumps(data, ensure_ascii=False, indent=1))
            return
        typer.echo(
            f"{short(one.id)}, as of {one.as_of:%Y-%m-%d %H:%M} → {short(other.id)}, as of {other.as_of:%Y-%m-%d %H:%M}"
        )
        typer.echo(plain("\n".join(words(found, examples))))


def words(found: Difference, examples: int = _SHOWN) -> list[str]:
    """Lines for people."""
    if found.same:
        return [f"the same {found.after:,} documents and annotations"]
    lines = [
        f"documents: {found.before:,} → {found.after:,}; {len(found.added):,} added, {len(found.gone):,} gone",
        f"annotations: {found.annotations_added:,} added, {found.annotations_gone:,} gone, "
        f"{found.annotations_changed:,} changed",
    ]
    return [*lines, *_relabelled(found, examples), *_classes(found), *_reading(found)]


def _relabelled(found: Difference, examples: int) -> list[str]:
    if not found.relabelled:
        return ["relabelled: no document is of another class than before"]
    moves = ", ".join(f"{_name(one)} → {_name(other)} {count:,}" for one, other, count in found.moves)
    told = counted(len(found.relabelled), "document is", "documents are")
    lines = [f"relabelled: {told} of another class than before: {moves}"]
    for each in found.relabelled[:examples]:
        lines.append(f"  {each.document_id}: {_name(each.before)} → {_name(each.after)}: {_cut(each.text)}")
    return lines


def _classes(found: Difference) -> list[str]:
    before, after = found.shares_before, found.shares_after
    names = sorted({*before, *after})
    moved = (f"{_name(name)} {before.get(name, 0):.1%} → {after.get(name, 0):.1%}" for name in names)
    return [
        f"classes: {', '.join(moved)}",
        f"classes' distance: {found.class_distance:.3f}: {found.class_distance:.1%} of the documents would have to be "
        "of another class for the shares to be as before",
    ]


def _reading(found: Difference) -> list[str]:
    lines = [f"words' distance: {found.words:.3f} (0: the same words as often; 1: none in common)"]
    came = found.came
    if came is None:
        few = ["whether what was added reads otherwise cannot be said of so few documents"]
        return [*lines, *(few if found.added else [])]
    chance = f"by chance {came.low:.3f} to {came.high:.3f}"
    chance = f"its words are {came.distance:.3f} from those that were there, {chance}"
    if came.p <= _RARE:
        return [*lines, f"what was added reads otherwise than what was there: {chance} (p = {came.p:.3f})"]
    return [*lines, f"what was added reads as what was there: {chance} (p = {came.p:.2f})"]


def _name(name: str) -> str:
    return name or "no class"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CUT else f"{line[: _CUT - 1]}…"
