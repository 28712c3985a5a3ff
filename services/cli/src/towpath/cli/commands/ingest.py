"""towpath ingest FILE|FOLDER|s3://…|-"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.core.errors import RejectedError
from towpath.preparation.sources.item import Format, Item, Reading

if TYPE_CHECKING:
    from towpath.cli.account import Account
    from towpath.cli.sending import Bookmark
    from towpath.preparation.sources.places import Source

__all__ = ["register"]

_REASONS_SHOWN = 10


class Kind(StrEnum):
    documents = "documents"
    annotations = "annotations"
    feedback = "feedback"


def register(app: typer.Typer) -> None:
    app.command()(ingest)


def ingest(
    source: Annotated[
        str,
        typer.Argument(
            help=".ndjson, .jsonl, .json, .manifest, .csv, .tsv, .parquet or .txt; a folder or s3://bucket/prefix of "
            "them; - for NDJSON on standard input"
        ),
    ],
    kind: Annotated[Kind, typer.Option(help="what the lines are")] = Kind.documents,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME of a column that is named otherwise, as text=body")
    ] = None,
    columns: Annotated[
        str, typer.Option(help="names of the columns of a table without a header, by comma; - leaves one out")
    ] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE for all that have none, as source=twitter")
    ] = None,
    keep_columns: Annotated[
        bool | None,
        typer.Option(
            "--keep-columns/--drop-columns", help="make attributes of columns that are no field's, or leave them out"
        ),
    ] = None,
    quotes: Annotated[
        bool | None, typer.Option("--quotes/--no-quotes", help="fields may be quoted; else: in .csv, not in .tsv")
    ] = None,
    encoding: Annotated[str, typer.Option(help="of the file: latin-1, cp1252, utf-16, …")] = "utf-8",
    format_: Annotated[Format, typer.Option("--format", help="of JSON")] = Format.auto,
    unescape: Annotated[
        bool, typer.Option("--unescape", help=r"make characters of \u2019, &amp; and the like in texts")
    ] = False,
    snowflakes: Annotated[
        bool, typer.Option("--created-at-from-snowflake", help="take createdAt from ids as Twitter made them")
    ] = False,
    refused: Annotated[
        Path | None, typer.Option(help="write what was refused here: file, line, reason, original", dir_okay=False)
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="send all again, also what was sent before")] = False,
    allow_rejected: Annotated[
        bool, typer.Option("--allow-rejected", help="exit 0 although lines were refused")
    ] = False,
) -> None:
    """Send documents, annotations or feedback. Run again after an interruption, it goes on where it was.

    Example: towpath ingest tweets.csv --column text=body --column documentId=id
    """
    with errors_told():
        reading = Reading(
            kind=kind.value,
            columns=_pairs("--column", column or []),
            header=tuple(columns.split(",")) if columns else (),
            keep_columns=keep_columns,
            quoted=quotes,
            encoding=encoding,
            format=format_,
            constants=_pairs("--set", set_ or []),
            unescape=unescape,
            snowflakes=snowflakes,
        )
        account = _send(source, reading, refused, restart)
    _tell(account, kind, refused)
    if account.refused and not allow_rejected:
        raise typer.Exit(1)


def _send(place: str, reading: Reading, refused: Path | None, restart: bool) -> Account:
    import httpx

    from towpath.cli.account import refused_file, send_items

    here = installed()
    url = here.url("ingestion")
    items, bookmark, total = _opened(place, reading, here.home, url)
    skip = 0 if bookmark is None or restart else bookmark.line()
    if skip:
        console.print(f"{skip} were sent before; going on with the next (--restart sends all again)")
    with (
        refused_file(refused, again=skip > 0) as note_refused,
        httpx.Client(base_url=url, headers=here.headers(), timeout=60.0) as client,
        _progress(total, skip) as show,
    ):

        def note(account: Account) -> None:
            if bookmark is not None:
                bookmark.set(account.items)
            show(account)

        return send_items(client, reading.kind, items, skip=skip, on_piece=note, on_refused=note_refused)


def _opened(place: str, reading: Reading, home: Path, url: str) -> tuple[Iterator[Item], Bookmark | None, int | None]:
    from towpath.cli.sending import Bookmark
    from towpath.preparation.sources.objects import line_items
    from towpath.preparation.sources.places import open_source

    if place == "-":
        return line_items(sys.stdin.buffer, "-", reading), None, None
    found = open_source(place, reading, installed().settings.store)
    _tell_passed_over(found)
    return found.items(), Bookmark.named(home, url, found.version), found.total()


def _pairs(option: str, given: list[str]) -> dict[str, str]:
    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise RejectedError(f"{option} {wrong[0]!r} is not FIELD=…")
    return dict(each.split("=", 1) for each in given)


@contextmanager
def _progress(total: int | None, skip: int) -> Iterator[Callable[[Account], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=console) as progress:
        task = progress.add_task("sending", total=total, completed=skip)
        yield lambda account: progress.update(task, completed=account.items)


def _tell_passed_over(source: Source) -> None:
    if source.passed_over:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in source.passed_over.most_common())
        console.print(plain(f"files of other kinds are passed over: {kinds}"), markup=False)


def _tell(account: Account, kind: Kind, refused: Path | None) -> None:
    for each in account.first:
        typer.echo(plain(f"{each.item.file}:{each.item.line}: {each.reason}"), err=True)
    if account.refused > len(account.first):
        typer.echo(f"… {account.refused} were refused in all", err=True)
        for reason, count in account.reasons.most_common(_REASONS_SHOWN):
            typer.echo(plain(f"{count:>8} {reason}"), err=True)
    if account.refused and refused is not None:
        typer.echo(plain(f"all of them are in {refused}"), err=True)
    typer.echo(f"{account.accepted} {kind.value} accepted, {account.refused} refused")
