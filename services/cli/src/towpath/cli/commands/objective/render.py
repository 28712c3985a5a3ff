"""towpath objective render"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told

if TYPE_CHECKING:
    from towpath.core.objective import Objective

__all__ = ["register"]


class Format(StrEnum):
    terminal = "terminal"
    svg = "svg"
    html = "html"
    md = "md"


def register(group: typer.Typer) -> None:
    group.command("render")(render)


def render(
    file: Annotated[Path, typer.Argument(help="the objective")] = Path("objective.yaml"),
    format: Annotated[Format | None, typer.Option(help="how to draw it; else by the name of the output")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write it to this file")] = None,
    shares: Annotated[str | None, typer.Option(help="of the classes: negative=.2,neutral=.3,positive=.5")] = None,
) -> None:
    """Draw the objective's canvas, its costs and how good is good enough: SVG is a page A3 for the wall.

    Example: towpath objective render -o canvas.svg
    """
    from towpath.cli.explaining.explanation import parse_shares
    from towpath.core.objective import load_objective

    with errors_told():
        objective = load_objective(file)
        told = None if shares is None else parse_shares(shares, objective.classes)
        drawn = _drawn(objective, format or _by_name(output), told, None if output is None else 120)
        if output is None:
            typer.echo(drawn)
        else:
            output.write_text(drawn, encoding="utf-8")
            console.print(f"wrote {output}", highlight=False, markup=False)


def _by_name(output: Path | None) -> Format:
    suffix = "" if output is None else output.suffix.lstrip(".")
    return Format(suffix) if suffix in set(Format) else Format.terminal


def _drawn(objective: Objective, kind: Format, shares: list[float] | None, width: int | None) -> str:
    from towpath.cli import canvas

    if kind is Format.terminal:
        return canvas.terminal(objective, width, shares)
    draw = {Format.svg: canvas.svg, Format.html: canvas.page, Format.md: canvas.markdown}[kind]
    return draw(objective, shares)
