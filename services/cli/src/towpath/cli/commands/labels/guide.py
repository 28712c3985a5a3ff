"""towpath labels guide"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import errors_told, plain

if TYPE_CHECKING:
    from towpath.core.objective import Objective
    from towpath.preparation.labels.alpha import Estimate
    from towpath.preparation.labels.report import LabelReport

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("guide")(guide)


def guide(
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    annotations: Annotated[Path | None, typer.Option(help="NDJSON of annotations to measure")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="folder of a snapshot to measure")] = None,
    topics: Annotated[bool, typer.Option("--topics", help="measure the annotations in Kafka")] = False,
) -> None:
    """Check the labelling guide: a version, and for each class examples and borderline cases.

    With annotations it measures under which version of the guide they were made, and agreement by version.

    Example: towpath labels guide --annotations ratings.ndjson
    """
    with errors_told():
        from towpath.cli.labelled import objective_of

        goal = objective_of(objective)
        sound, version = _check(goal, objective)
        if annotations is not None or snapshot is not None or topics:
            from towpath.cli.judged import judged

            _measure(judged(None, annotations, snapshot, objective, None), version)
    if not sound:
        raise typer.Exit(1)


def _check(goal: Objective, objective: Path) -> tuple[bool, str]:
    from towpath.cli.judged import guide_file
    from towpath.core.errors import NotFoundError
    from towpath.preparation.labels.guide import read_guide

    file = guide_file(goal, objective)
    if file is None:
        raise NotFoundError("contract.labels.guide names no guide: add `guide: guide.md`", where=str(objective))
    if not file.is_file():
        raise NotFoundError(f"{objective} names a guide that is not there: write it", where=str(file))
    found = read_guide(file.read_text(encoding="utf-8", errors="replace"), goal.classes)
    for each in found.problems:
        typer.echo(plain(f"{file}:{each.line}: {each.message}"), err=True)
    if not found.problems:
        typer.echo(plain(f"{file}: version {found.version}; examples and borderline cases of all classes"))
    return not found.problems, found.version


def _measure(report: LabelReport, version: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("version", "ratings", "raters", "documents", "alpha")
    for each in report.guides:
        alpha = report.agreement.by_guide.get(each.version)
        name = each.version or "(none)"
        mark = " (the guide's)" if each.version and each.version == version else ""
        table.add_row(
            Text(plain(name) + mark), f"{each.ratings:,}", f"{each.raters:,}", f"{each.documents:,}", _alpha(alpha)
        )
    Console(highlight=False).print(table)


def _alpha(alpha: Estimate | None) -> str:
    from math import isnan

    if alpha is None or isnan(alpha.value):
        return "–"
    return f"{alpha.value:.3f} ({alpha.low:.3f} to {alpha.high:.3f})"
