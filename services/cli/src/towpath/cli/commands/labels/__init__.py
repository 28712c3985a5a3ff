"""towpath labels …: whether labels can be trusted. One module a command, each with `register(group)`."""

from __future__ import annotations

from collections.abc import Callable

import typer

__all__ = ["register"]

_REGISTER: tuple[Callable[[typer.Typer], None], ...] = ()


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="labels", help="Labels that can be trusted: agreement, guide, review, release.")
    app.add_typer(group)
    for each in _REGISTER:
        each(group)
