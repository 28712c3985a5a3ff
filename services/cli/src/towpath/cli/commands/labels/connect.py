"""towpath labels connect"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import errors_told, installed
from towpath.core.errors import RejectedError

if TYPE_CHECKING:
    from towpath.cli.label_studio import LabelStudio, Project

__all__ = ["SECRET", "Source", "register"]

SECRET = "TOWPATH_INGESTION_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
Source = Annotated[str, typer.Option(help="names the Label Studio server; a server has one name")]


def register(group: typer.Typer) -> None:
    group.command("connect")(connect)


def connect(
    url: Annotated[str, typer.Option(help="of Label Studio")],
    title: Annotated[str | None, typer.Option(help="of the project; the objective's name when absent")] = None,
    webhook: Annotated[
        str | None, typer.Option(help="ingestion's address as Label Studio reaches it; this installation's when absent")
    ] = None,
    source: Source = "label-studio",
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
) -> None:
    """Make, or bring up to date, a project of Label Studio: interface and guide of the objective, and its webhook.

    LABEL_STUDIO_API_KEY holds a token, TOWPATH_INGESTION_WEBHOOK_SECRET what ingestion knows the webhook by.

    Example: towpath labels connect --url http://127.0.0.1:8080
    """
    with errors_told():
        from towpath.cli.label_studio import connect_to
        from towpath.cli.label_studio.guide import instruction
        from towpath.core.objective import load_objective
        from towpath.preparation.formats.label_studio import label_config

        if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", source) is None:
            raise RejectedError(f"--source {source!r}: up to 32 small letters, digits and hyphens")
        secret = os.environ.get(SECRET, "")
        if len(secret) < 16:
            raise RejectedError(f"set {SECRET} to at least 16 characters, here and where ingestion runs")
        goal = load_objective(objective)
        target = f"{(webhook or installed().url('ingestion')).rstrip('/')}/v1/label-studio/{source}"
        with connect_to(url) as studio:
            found = _find(studio, title or goal.name)
            shown = instruction(goal, objective, found.instruction if found else "", datetime.now(UTC))
            config = label_config(goal)
            fields: dict[str, object] = {"expert_instruction": shown, "show_instruction": bool(shown)}
            if found is None or found.label_config != config:
                fields["label_config"] = config
            if found is None:
                raters = goal.contract.labels.min_raters_per_document
                fields |= {"title": title or goal.name, "maximum_annotations": raters}
                project = studio.create_project(fields)
            else:
                project = studio.change_project(found.id, fields)
            _hook(studio, project.id, target, secret)
    typer.echo(f"project {project.id} {'is up to date' if found else 'made'}; it tells {target} of each annotation")


def _find(studio: LabelStudio, title: str) -> Project | None:
    found = studio.projects(title)
    if len(found) > 1:
        raise RejectedError(f"{len(found)} projects are called {title!r}: say another --title, or rename one")
    return found[0] if found else None


def _hook(studio: LabelStudio, project: int, target: str, secret: str) -> None:
    from towpath.preparation.formats.label_studio.events import ACTIONS

    there = [each for each in studio.webhooks(project) if each.get("url") == target and each.get("project") == project]
    fields = {
        "project": project,
        "url": target,
        "send_payload": True,
        "send_for_all_actions": False,
        "is_active": True,
        "headers": {"X-Towpath-Webhook-Secret": secret},
        "actions": list(ACTIONS),
    }
    studio.put_webhook(fields, int(there[0]["id"]) if there else None)
