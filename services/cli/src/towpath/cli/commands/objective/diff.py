"""towpath objective diff"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from towpath.cli.context import errors_told, plain

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("diff")(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="the objective as it was")],
    new: Annotated[Path, typer.Argument(help="the objective as it is to be")],
) -> None:
    """Say what changed between two objectives in business words, and whether programs will act otherwise.

    Example: towpath objective diff objective-before.yaml objective.yaml
    """
    from towpath.core.objective import load_objective
    from towpath.core.objective.differences import differences

    with errors_told():
        before, after = load_objective(old), load_objective(new)
        found = differences(before, after)
        for title, lines in (
            ("What programs obey", found.obeyed),
            ("What follows", found.follows),
            ("What people read", found.told),
        ):
            if lines:
                typer.echo(f"{title}:")
                for line in lines:
                    typer.echo(plain(f"  - {line}"))
        typer.echo(_verdict(found.same_hash, bool(found.told), before.hash, after.hash))


def _verdict(same_hash: bool, wording: bool, before: str, after: str) -> str:
    if same_hash:
        words = "Only the wording changed" if wording else "Nothing changed"
        return f"{words}: programs go on as they did ({after})."
    return f"The hash changes, so models, predictions and data are told apart by it:\n  was {before}\n  now {after}"
