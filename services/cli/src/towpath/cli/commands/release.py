"""towpath release"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from towpath.cli.context import errors_told, plain

__all__ = ["register"]

Release = Annotated[str, typer.Argument(help="its id, as `towpath release list` shows it")]
Reason = Annotated[str, typer.Option(help="why, written down with the rollout")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
_ASKED = "asked for on the command line"


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        name="release", help="Which release reigns: try another beside it, promote it, go back.", no_args_is_help=True
    )
    app.add_typer(group)
    group.command("list")(list_)
    for command in (shadow, canary, promote, rollback):
        group.command()(command)


def list_(as_json: AsJson = False) -> None:
    """Show the releases: which one reigns, which is tried, and what has been seen of it.

    Example: towpath release list
    """
    from towpath.cli.releases import evidence, releases

    with errors_told():
        known, seen = releases(), evidence()
        if as_json:
            typer.echo(json.dumps({**known, "evidence": seen}, indent=2))
            return
        from towpath.cli.releases import show

        show(known, seen)


def shadow(release: Release = "", reason: Reason = _ASKED, as_json: AsJson = False) -> None:
    """Let a release predict beside the one that reigns; nobody acts on what it says.

    Example: towpath release shadow rel-01JD9A1Z --reason "guide version 2"
    """
    _ask("", {"mode": "shadow", **_named(release), "reason": reason}, as_json)


def canary(
    release: Release = "",
    share: Annotated[float | None, typer.Option(help="of the documents, 0 to 1; the objective's when absent")] = None,
    reason: Reason = _ASKED,
    as_json: AsJson = False,
) -> None:
    """Let a release answer a share of the documents; without RELEASE, the one that is tried already.

    Example: towpath release canary rel-01JD9A1Z --share 0.2
    """
    shared = {} if share is None else {"share": share}
    _ask("", {"mode": "canary", **_named(release), **shared, "reason": reason}, as_json)


def promote(reason: Reason = _ASKED, as_json: AsJson = False) -> None:
    """Let the release that is tried reign.

    Example: towpath release promote --reason "cheaper, and the agents like it"
    """
    _ask("/promote", {"reason": reason}, as_json)


def rollback(release: Release = "", reason: Reason = _ASKED, as_json: AsJson = False) -> None:
    """End what is tried; where nothing is, let the release before reign again, or the one that is named.

    Example: towpath release rollback --reason "complaints are missed"
    """
    _ask("/rollback", {**_named(release), "reason": reason}, as_json)


def _named(release: str) -> dict[str, str]:
    return {"releaseId": release} if release else {}


def _ask(path: str, body: dict[str, Any], as_json: bool) -> None:
    from towpath.cli.releases import change

    with errors_told():
        decided = change(path, body)
        typer.echo(json.dumps(decided, indent=2) if as_json else plain(decided["told"]))
