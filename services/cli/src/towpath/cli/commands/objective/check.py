"""towpath objective check"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import plain

if TYPE_CHECKING:
    from towpath.core.objective import Objective

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("check")(check)


def check(file: Annotated[Path, typer.Argument(help="the objective")] = Path("objective.yaml")) -> None:
    """Name every mistake of an objective with file, line and column, and how to mend it; warnings fail nothing.

    Example: towpath objective check objective.yaml
    """
    from towpath.core.objective import ObjectiveError, check_objective

    try:
        checked = check_objective(file)
    except ObjectiveError as error:
        for problem in error.problems:
            typer.echo(plain(str(problem)), err=True)
        typer.echo(f"{len(error.problems)} to mend", err=True)
        raise typer.Exit(1) from None
    for each in checked.warnings:
        typer.echo(plain(f"{each.place}: warning: {each.said}"), err=True)
    objective = checked.objective
    typer.echo(f"{file}: {objective.name} is consistent; {_size(objective)}, {objective.hash}")


def _size(objective: Objective) -> str:
    task = objective.contract.task
    if task.kind == "text-classification":
        return f"{len(task.classes)} classes"
    return f"{len(task.entities)} types of entities" if task.kind == "entity-extraction" else task.kind
