"""towpath ingest FILE|-"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.cli.sending import Bookmark, Sent, send
from towpath.core.errors import NotFoundError, RejectedError

__all__ = ["register"]

_SHOWN = 20


class Kind(StrEnum):
    documents = "documents"
    annotations = "annotations"
    feedback = "feedback"


def register(app: typer.Typer) -> None:
    app.command()(ingest)


def ingest(
    file: Annotated[
        str, typer.Argument(help=".ndjson, .jsonl, .csv, .tsv or .parquet; - for NDJSON on standard input")
    ],
    kind: Annotated[Kind, typer.Option(help="what the lines are")] = Kind.documents,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME of a column that is named otherwise, as text=body")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="send all again, also what was sent before")] = False,
    allow_rejected: Annotated[
        bool, typer.Option("--allow-rejected", help="exit 0 although lines were refused")
    ] = False,
) -> None:
    """Send a file to ingestion. Run again after an interruption, it goes on where it was.

    Example: towpath ingest tweets.csv --column text=body --column documentId=id
    """
    import httpx

    from towpath.cli.rows import lines_of, ndjson

    with errors_told():
        here, columns = installed(), _columns(column or [])
        url = here.url("ingestion")
        if file == "-":
            lines, bookmark, total = ndjson(sys.stdin.buffer), None, None
        else:
            path = Path(file)
            if not path.is_file():
                raise NotFoundError("no such file", where=file)
            lines, bookmark = lines_of(path, columns), Bookmark.of(here.home, path, kind.value, url)
            total = sum(1 for _ in lines_of(path, columns))
        skip = 0 if bookmark is None or restart else bookmark.line()
        if skip:
            console.print(f"{skip} lines were sent before; going on with line {skip + 1} (--restart sends all again)")
        with httpx.Client(base_url=url, headers=here.headers(), timeout=60.0) as client, _progress(total, skip) as show:

            def note(sent: Sent) -> None:
                if bookmark is not None:
                    bookmark.set(sent.last_line)
                show(sent)

            sent = send(client, kind.value, lines, skip=skip, on_progress=note)
    _tell(sent, kind)
    if sent.rejected and not allow_rejected:
        raise typer.Exit(1)


def _columns(given: list[str]) -> dict[str, str]:
    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise RejectedError(f"--column {wrong[0]!r} is not FIELD=NAME")
    return dict(each.split("=", 1) for each in given)


@contextmanager
def _progress(total: int | None, skip: int) -> Iterator[Callable[[Sent], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sending", total=total, completed=skip)
        yield lambda sent: progress.update(task, completed=sent.last_line)


def _tell(sent: Sent, kind: Kind) -> None:
    for line, why in sent.problems[:_SHOWN]:
        typer.echo(plain(f"line {line}: {why}"), err=True)
    if sent.rejected > _SHOWN:
        typer.echo(f"… {sent.rejected} lines were refused in all", err=True)
    typer.echo(f"{sent.accepted} {kind.value} accepted, {sent.rejected} refused")
