"""towpath labels …: whether labels can be trusted. One module a command, each with `register(group)`."""

from __future__ import annotations

from collections.abc import Callable

import typer

from towpath.cli.commands.labels import next, queue

__all__ = ["register"]

_REGISTER: tuple[Callable[[typer.Typer], None], ...] = (queue.register, next.register)


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="labels", help="Labels that can be trusted: agreement, guide, review, release.")
    app.add_typer(group)
    for each in _REGISTER:
        each(group)
