"""The `towpath` command."""

from __future__ import annotations

import typer

from towpath.cli.commands import REGISTER

__all__ = ["app"]

app = typer.Typer(
    name="towpath",
    help="The path of an NLP model from a business objective to production.\n\nBegin with: towpath demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

for register in REGISTER:
    register(app)

if __name__ == "__main__":
    app()
