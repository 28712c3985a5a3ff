"""towpath retraining"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from towpath.cli.context import errors_told

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(retraining)


def retraining(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Show what training decided by itself, why, and what it waits for.

    Example: towpath retraining
    """
    from towpath.cli.retrained import retrained, show

    with errors_told():
        found = retrained()
        if as_json:
            typer.echo(json.dumps(found, indent=2))
        else:
            show(found)
