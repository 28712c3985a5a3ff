"""towpath data snapshot, list, show, pin"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.cli.snapshots import depot, megabytes, moment, progress, reading, shares, short, summary, used

if TYPE_CHECKING:
    from towpath.pipelines.snapshots.making import Made
    from towpath.pipelines.snapshots.manifest import Manifest

__all__ = ["Named", "register"]

Named = Annotated[str, typer.Argument(help="a snapshot's id or the beginning of one, a pin, or `latest`")]
AsJson = Annotated[bool, typer.Option("--json", help="the same for programs")]


def register(group: typer.Typer) -> None:
    group.command("snapshot")(snapshot)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("pin")(pin)


def snapshot(
    as_of: Annotated[
        str | None, typer.Option(help="a moment in the past (UTC unless it says); now when absent")
    ] = None,
    objective: Annotated[Path | None, typer.Option(help="whose classes are counted; else objective.yaml")] = None,
    full: Annotated[bool, typer.Option("--full", help="read all that Kafka has, and not what came since")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep documents and annotations as they are in Kafka now, or were at a moment.

    What earlier snapshots have is not read again. One that was interrupted goes on where it was.

    Example: towpath data snapshot --as-of 2026-11-30T12:00:00Z
    """
    from towpath.pipelines.snapshots.making import make

    with errors_told():
        here, to = installed(), depot()
        at = None if as_of is None else moment(as_of)
        with here.broker() as broker, progress() as tell:
            made = make(broker, here.registry, to, reading(objective), as_of=at, full=full, tell=tell)
        for each in made.warnings:
            console.print(plain(f"warning: {each}"), markup=False, highlight=False)
        typer.echo(json.dumps(summary(made.manifest), ensure_ascii=False, indent=1) if as_json else _told(made))


def list_(as_json: AsJson = False) -> None:
    """Which snapshots there are, the newest moment first.

    Example: towpath data list
    """
    from rich.console import Console
    from rich.table import Table

    with errors_told():
        here = depot()
        found, pins = list(here.manifests()), here.pins()
        if as_json:
            typer.echo(json.dumps([summary(each) for each in found], ensure_ascii=False, indent=1))
            return
        table = Table(box=None, pad_edge=False)
        for name in ("snapshot", "as of, UTC", "documents", "annotations", "size", ""):
            table.add_column(
                name, no_wrap=name != "", justify="right" if name[:1] in "das" and " " not in name else "left"
            )
        for each in found:
            names = [each_pin.name for each_pin in pins if each_pin.snapshot_id == each.id]
            counts = (f"{each.document_count:,}", f"{each.annotation_count:,}", megabytes(each.size))
            said = ", ".join([*names, *(["not whole"] if each.forgotten else [])])
            table.add_row(short(each.id), f"{each.as_of:%Y-%m-%d %H:%M:%S}", *counts, said)
        Console(highlight=False).print(table)
        if not found:
            console.print("none yet: towpath data snapshot makes one")


def show(
    named: Named = "latest",
    verify: Annotated[bool, typer.Option("--verify", help="read all of it, and hold it against its id")] = False,
    as_json: AsJson = False,
) -> None:
    """What is in a snapshot, and which runs and releases were made of it.

    Example: towpath data show latest --verify
    """
    with errors_told():
        here = depot()
        found = here.find(named)
        if verify:
            from towpath.pipelines.snapshots.whole import verify as check

            with console.status("reading all of it"):
                check(here, found)
        uses = used(here, [found.id])
        if as_json:
            told = {**summary(found), "uses": [vars(each) for each in uses]}
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
            return
        lines = [*_about(found), *(f"not whole: {plain(each)}" for each in _forgotten(found))]
        for each in uses:
            of = f", release {each.release_id}" if each.release_id else ""
            lines.append(f"run {each.run_id}{of}{', which reigns' if each.reigns else ''}")
        lines += [] if uses else ["no run was trained on it"]
        lines += [
            "every chunk is as its name says" + ("" if found.forgotten else ", and all of it as its id says")
        ] * verify
        typer.echo(plain("\n".join(lines)))


def pin(
    name: Annotated[str, typer.Argument(help="what to call it")],
    named: Named = "latest",
    move: Annotated[bool, typer.Option("--move", help="although another is called so")] = False,
) -> None:
    """Call a snapshot by a name, for `towpath train --snapshot NAME` and the commands here.

    Example: towpath data pin baseline latest
    """
    from towpath.cli.asking import me

    with errors_told():
        here = depot()
        made = here.pin(name, here.find(named), me(), move=move)
        typer.echo(f"{made.name} is {made.snapshot_id}")


def _told(made: Made) -> str:
    manifest = made.manifest
    if made.known:
        return "\n".join([*_about(manifest), "nothing came since: it is the snapshot that was there"])
    before = set(made.parent.chunks) if made.parent is not None else set()
    new = [each for each in manifest.chunks if each not in before]
    since = "from nothing" if made.parent is None else f"since {short(made.parent.id)}"
    wrote = f"{made.messages:,} messages read {since}; {megabytes(sum(each.bytes for each in new))} written"
    return "\n".join([*_about(manifest), wrote])


def _about(manifest: Manifest) -> list[str]:
    held = f"; {manifest.held:,} more that nobody has annotated are held" if manifest.held else ""
    return [
        f"snapshot {manifest.id}",
        f"as of {manifest.as_of:%Y-%m-%d %H:%M:%S} UTC",
        f"{manifest.document_count:,} documents, {manifest.annotation_count:,} annotations of {len(manifest.raters):,} "
        f"raters{held}",
        f"classes: {shares(manifest.classes)}",
        f"{megabytes(manifest.size)} in {len(manifest.chunks)} chunks, which other snapshots may share",
        *(f"missing: {each}" for each in manifest.gaps),
    ]


def _forgotten(manifest: Manifest) -> list[str]:
    return [f"document {each.document} was forgotten on {each.at:%Y-%m-%d}" for each in manifest.forgotten]
