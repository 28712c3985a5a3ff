"""towpath alerts"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from towpath.cli.context import errors_told, plain
from towpath.core.errors import RejectedError

__all__ = ["register"]

AlertId = Annotated[str, typer.Argument(help="its id, as `towpath alerts list` shows it")]
Reason = Annotated[str, typer.Option(help="why, written down with it")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
_ASKED = "asked for on the command line"


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        name="alerts", help="What is the matter: see it, take it on, end it, silence it.", no_args_is_help=True
    )
    app.add_typer(group)
    group.command("list")(list_)
    for command in (show, ack, resolve, silence, unsilence):
        group.command()(command)


def list_(
    all_: Annotated[bool, typer.Option("--all", help="with those that are over")] = False, as_json: AsJson = False
) -> None:
    """Show what is the matter, the worst first, and what is silenced.

    Example: towpath alerts list --all
    """
    from towpath.cli import alerting

    with errors_told():
        found = alerting.alerts(closed=all_)
        if as_json:
            typer.echo(json.dumps(found, indent=2))
        else:
            alerting.show(found)


def show(alert: AlertId, as_json: AsJson = False) -> None:
    """Show all that is known of an alert: evidence, cost, the documents that show it best.

    Example: towpath alerts show alr-3d2f
    """
    from towpath.cli import alerting

    with errors_told():
        found = alerting.alert(alert)
        if as_json:
            typer.echo(json.dumps(found, indent=2))
        else:
            alerting.show_one(found)


def ack(alert: AlertId, reason: Reason = _ASKED, as_json: AsJson = False) -> None:
    """Say that you see to it: nobody is told of it again until it is over, or worse.

    Example: towpath alerts ack alr-3d2f --reason "I look into it"
    """
    _change(alert, "acknowledge", reason, as_json)


def resolve(alert: AlertId, reason: Reason = _ASKED, as_json: AsJson = False) -> None:
    """Say that it is over. What is still the matter after the cooldown is told again.

    Example: towpath alerts resolve alr-3d2f --reason "the feed is back"
    """
    _change(alert, "resolve", reason, as_json)


def silence(
    cause: Annotated[str, typer.Argument(help="a cause, or a beginning that ends in /: drift/")],
    lasting: Annotated[str, typer.Option("--for", help="30m, 2h, 7d …")] = "",
    until: Annotated[str, typer.Option(help="2026-11-28T12:00:00Z")] = "",
    reason: Reason = _ASKED,
    as_json: AsJson = False,
) -> None:
    """Send nothing of a cause for a time; it is listed all the same, and sent when the time is over and it is not.

    Example: towpath alerts silence drift/ --for 2h --reason "a campaign is on"
    """
    from towpath.cli import alerting

    with errors_told():
        if bool(lasting) == bool(until):
            raise RejectedError("say when it ends, by --for or by --until")
        made = alerting.silence(cause, {"for": lasting} if lasting else {"until": until}, reason)
        told = f"{made['silenceId']}: {made['cause']} is silenced until {made['until']}"
        typer.echo(json.dumps(made, indent=2) if as_json else plain(told))


def unsilence(
    silence: Annotated[str, typer.Argument(help="its id, as `towpath alerts list` shows it")],
    reason: Reason = _ASKED,
    as_json: AsJson = False,
) -> None:
    """End a silence: what it covered and is still the matter is sent.

    Example: towpath alerts unsilence sil-01JD9A1Z
    """
    from towpath.cli import alerting

    with errors_told():
        alerting.unsilence(silence, reason)
        ended = {"silenceId": silence, "state": "over"}
        typer.echo(json.dumps(ended, indent=2) if as_json else plain(f"{silence} is over"))


def _change(alert: str, what: str, reason: str, as_json: bool) -> None:
    from towpath.cli import alerting

    with errors_told():
        found = alerting.change(alert, what, reason)
        told = f"{found['alertId']} is {found['state']}: {found['summary']}"
        typer.echo(json.dumps(found, indent=2) if as_json else plain(told))
