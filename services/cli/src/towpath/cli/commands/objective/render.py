"""towpath objective render"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from towpath.cli.context import console, errors_told

__all__ = ["register"]


class Format(StrEnum):
    terminal = "terminal"
    html = "html"
    md = "md"


def register(group: typer.Typer) -> None:
    group.command("render")(render)


def render(
    file: Annotated[Path, typer.Argument(help="the objective")] = Path("objective.yaml"),
    format: Annotated[Format, typer.Option(help="how to draw it")] = Format.terminal,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write it to this file")] = None,
) -> None:
    """Draw the objective's canvas and costs.

    Example: towpath objective render --format html -o objective.html
    """
    from towpath.cli import canvas
    from towpath.core.objective import load_objective

    with errors_told():
        objective = load_objective(file)
        if format is Format.terminal:
            text = canvas.terminal(objective, None if output is None else 120)
        else:
            text = canvas.page(objective) if format is Format.html else canvas.markdown(objective)
        if output is None:
            typer.echo(text)
        else:
            output.write_text(text, encoding="utf-8")
            console.print(f"wrote {output}")
