"""towpath objective check"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("check")(check)


def check(file: Annotated[Path, typer.Argument(help="the objective")] = Path("objective.yaml")) -> None:
    """Name every mistake of an objective with file, line and column.

    Example: towpath objective check objective.yaml
    """
    from towpath.core.objective import ObjectiveError, load_objective

    try:
        objective = load_objective(file)
    except ObjectiveError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: {objective.name} is consistent; {len(objective.classes)} classes, {objective.hash}")
