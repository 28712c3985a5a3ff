"""towpath labels …: whether labels can be trusted. One module a command, each with `register(group)`."""

from __future__ import annotations

from collections.abc import Callable

import typer

from towpath.cli.commands.labels import connect, guide, import_, next, queue, reconcile, release, report, tasks

__all__ = ["register"]

_REGISTER: tuple[Callable[[typer.Typer], None], ...] = (
    report.register,
    guide.register,
    release.register,
    queue.register,
    next.register,
    connect.register,
    tasks.register,
    reconcile.register,
    import_.register,
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="labels", help="Labels that can be trusted: agreement, guide, review, release.")
    app.add_typer(group)
    for each in _REGISTER:
        each(group)
