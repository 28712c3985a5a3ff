"""`towpath demo`: the whole path on this machine, with real tweets. `towpath demo data`: its data as files."""

from __future__ import annotations

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from towpath.cli.context import console, errors_told

__all__ = ["register"]

_WIDTH = 110
_HELP = """Walk the whole path on this machine: real tweets in, predictions out, over a real Kafka.

Starts Kafka and the services, collects documents and ratings, trains, gates and releases a model, streams unseen
documents through it, and shows what came of it beside VADER and a human rater. Then the world changes: snippets of
film reviews come, and the loop closes by itself: alarm with its price, labels, run, gate, canary, promotion. Stays up
until Ctrl-C.

Examples:

  towpath demo

  towpath demo --exit --report figures.json

  TOWPATH_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 towpath demo --home my-demo
"""


def demo(
    context: typer.Context,
    leave: Annotated[bool, typer.Option("--exit", help="End after the table; code 1 if a stage failed.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write every figure to this file, as JSON.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep Kafka's data, bundles, runs and logs afterwards.")] = False,
    home: Annotated[Path | None, typer.Option(help="Use this folder, and keep it. A temporary one by default.")] = None,
    objective: Annotated[Path, typer.Option(help="The objective file.", envvar="TOWPATH_OBJECTIVE")] = Path(
        "objective.yaml"
    ),
    documents: Annotated[
        int | None, typer.Option(min=100, help="Use so many tweets only, and films in proportion.")
    ] = None,
    first_act: Annotated[bool, typer.Option("--first-act", help="End the path before the world changes.")] = False,
    endpoint: Annotated[bool, typer.Option("--endpoint", help="Start the Open Inference endpoint too.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    # Imported here: `towpath --help` needs none of it.
    from towpath.cli.demo.path import Options
    from towpath.cli.demo.run import run_demo

    screen = Console(highlight=False)
    if not screen.is_terminal:
        screen.width = _WIDTH  # a log has no width of its own
    folder = (home or Path(tempfile.mkdtemp(prefix="towpath-demo-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    code = 1
    try:
        with errors_told():
            options = Options(home=folder, objective=objective, documents=documents, endpoint=endpoint)
            code = run_demo(options, screen, stay=not leave, report_file=report, second_act=not first_act)
    finally:
        _tidy(folder, screen, keep=keep or home is not None or code == 1)
    raise typer.Exit(code)


def _tidy(folder: Path, console: Console, *, keep: bool) -> None:
    if keep:
        console.print(f"Kept: {folder}", markup=False, soft_wrap=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


class Set(StrEnum):
    tweets = "tweets"
    movies = "movies"
    amazon = "amazon"
    nyt = "nyt"


def data(
    name: Annotated[Set, typer.Argument(metavar="SET", help="tweets, movies, amazon or nyt")],
    to: Annotated[Path, typer.Option(help="the folder; made when it is not there")],
) -> None:
    """Write documents.ndjson and annotations.ndjson of a set with every rater's grade (Hutto & Gilbert, ICWSM 2014).

    Example: towpath demo data movies --to movies
    """
    from towpath.cli.demo.fetch import sdist
    from towpath.cli.demo.files import write_set
    from towpath.cli.demo.tweets import read_sdist

    with errors_told(), console.status("reading the archive of vaderSentiment"):
        documents, annotations = write_set(read_sdist(sdist(), name.value), to)
    typer.echo(f"{documents:,} documents and {annotations:,} annotations in {to}")


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="demo", invoke_without_command=True, callback=demo, help=_HELP)
    group.command("data")(data)
    app.add_typer(group)
