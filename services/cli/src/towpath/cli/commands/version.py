"""towpath version"""

from __future__ import annotations

from importlib.metadata import version as installed_version

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    @app.command()
    def version() -> None:
        """Print the version.

        Example: towpath version
        """
        typer.echo(f"towpath {installed_version('towpath-cli')}")
