"""towpath objective: one module a command."""

import typer

from towpath.cli.commands.objective import check, diff, explain, init, render

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="objective", help="The business objective as code: check it, explain it, draw its canvas.")
    app.add_typer(group)
    for module in (init, check, explain, diff, render):
        module.register(group)
