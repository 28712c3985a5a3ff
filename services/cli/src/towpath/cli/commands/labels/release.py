"""towpath labels release"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from towpath.cli.context import console, errors_told

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("release")(release)


def release(
    documents: Annotated[Path | None, typer.Option(help="NDJSON of documents; Kafka's when no file is given")] = None,
    annotations: Annotated[Path | None, typer.Option(help="NDJSON of annotations")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="folder of a snapshot, instead of files")] = None,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    queue: Annotated[Path | None, typer.Option(help="the review queue, as `towpath labels queue` wrote it")] = None,
    complete_only: Annotated[
        bool, typer.Option("--complete-only", help="leave out documents that have too few raters yet")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="folder of releases; TOWPATH_HOME/labels by default")] = None,
) -> None:
    """Cut a label release, if agreement, raters and review are what the objective asks for.

    Otherwise it says what is missing and how much more labelling that takes, and exits with 1. The same labels give
    the same release.

    Example: towpath labels release --to releases
    """
    with errors_told():
        from towpath.cli.context import installed
        from towpath.cli.judged import judged, told
        from towpath.preparation.labels.release import make_release, write_release

        found = judged(documents, annotations, snapshot, objective, queue, complete_only=complete_only)
        for line in told(found):
            typer.echo(line, err=not found.verdict.met)
        if not found.verdict.met:
            typer.echo("no release: see what is not met", err=True)
            raise typer.Exit(1)
        with console.status("writing"):
            made = make_release(found.ratings, found.objective, found.agreement, found.verdict)
            folder = write_release(made, to or installed().home / "labels")
    typer.echo(f"{made.id}: {len(made.rows):,} documents in {folder}")
