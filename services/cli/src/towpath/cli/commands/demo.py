"""`towpath demo`: the whole path on this machine, with real tweets."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from towpath.cli.context import errors_told

__all__ = ["register"]

_WIDTH = 110
_HELP = """Walk the whole path on this machine: real tweets in, predictions out, over a real Kafka.

Starts Kafka and the services, collects documents and ratings, trains, gates and releases a model, streams unseen
documents through it, and shows what came of it beside VADER and a human rater. Stays up until Ctrl-C.

Examples:

  towpath demo

  towpath demo --exit --report figures.json

  TOWPATH_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 towpath demo --home my-demo
"""


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End after the table; code 1 if a stage failed.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write every figure to this file, as JSON.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep Kafka's data, bundles, runs and logs afterwards.")] = False,
    home: Annotated[Path | None, typer.Option(help="Use this folder, and keep it. A temporary one by default.")] = None,
    objective: Annotated[Path, typer.Option(help="The objective file.", envvar="TOWPATH_OBJECTIVE")] = Path(
        "objective.yaml"
    ),
    documents: Annotated[int | None, typer.Option(min=100, help="Use so many tweets only.")] = None,
    endpoint: Annotated[bool, typer.Option("--endpoint", help="Start the Open Inference endpoint too.")] = False,
) -> None:
    # Imported here: `towpath --help` needs none of it.
    from towpath.cli.demo.path import Options
    from towpath.cli.demo.run import run_demo

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH  # a log has no width of its own
    folder = (home or Path(tempfile.mkdtemp(prefix="towpath-demo-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    code = 1
    try:
        with errors_told():
            options = Options(home=folder, objective=objective, documents=documents, endpoint=endpoint)
            code = run_demo(options, console, stay=not leave, report_file=report)
    finally:
        _tidy(folder, console, keep=keep or home is not None or code == 1)
    raise typer.Exit(code)


def _tidy(folder: Path, console: Console, *, keep: bool) -> None:
    if keep:
        console.print(f"Kept: {folder}", markup=False, soft_wrap=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def register(app: typer.Typer) -> None:
    app.command("demo", help=_HELP)(demo)
