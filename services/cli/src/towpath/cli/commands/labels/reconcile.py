"""towpath labels reconcile"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.commands.labels.connect import Source
from towpath.cli.context import Installed, console, errors_told, installed, plain

if TYPE_CHECKING:
    from towpath.preparation.formats.label_studio import Plan
    from towpath.v1 import Annotation

__all__ = ["register"]

_SHOWN = 20


def register(group: typer.Typer) -> None:
    group.command("reconcile")(reconcile)


def reconcile(
    url: Annotated[str, typer.Option(help="of Label Studio; LABEL_STUDIO_API_KEY holds a token")],
    project: Annotated[int, typer.Option(min=1, help="number of the project")],
    source: Source = "label-studio",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell, and send nothing")] = False,
) -> None:
    """Find what webhooks lost: annotations of Label Studio that Towpath missed, or has otherwise. Run it once a day.

    Example: towpath labels reconcile --url http://127.0.0.1:8080 --project 1
    """
    with errors_told():
        from towpath.cli.label_studio import connect_to
        from towpath.cli.label_studio.delivering import deliver, tell_refused
        from towpath.cli.sending import Sent
        from towpath.preparation.formats.label_studio import Naming, guide_version, mark_of, read_export
        from towpath.preparation.formats.label_studio import reconcile as compared

        here = installed()
        with connect_to(url) as studio:
            mark = mark_of(studio.project(project).instruction)
            # Before the export: what is annotated in between must not look as if it were gone from Label Studio.
            known = _known(here)
            text = studio.export(project)
        there = read_export(text, Naming(source), guide=lambda at: guide_version(mark, at))
        plan = compared(known, there, f"{source}/{project}", datetime.now(UTC))
        _tell(plan)
        wanted = {each.document_id for each in plan.all}
        sent = Sent()
        if plan.all and not dry_run:
            deliver(here, "documents", [each for each in there.documents if each.document_id in wanted])
            sent = deliver(here, "annotations", plan.all)
        lost = tell_refused(there.refused, sent, plan.all)
    if lost:
        raise typer.Exit(1)


def _known(here: Installed) -> list[Annotation]:
    from towpath.core.stream import Codec, read_history
    from towpath.v1 import Annotation

    with console.status("reading the topic of annotations"), here.broker() as broker:
        topic = here.registry.full_name("annotations")
        return list(read_history(broker, Codec(), topic, Annotation, client_id="towpath-reconcile"))


def _tell(plan: Plan) -> None:
    words = {
        "missed": plan.missed,
        "changed": plan.changed,
        "withdrawn": plan.withdrawn,
        "there again": plan.returned,
    }
    for word, found in words.items():
        for each in found[:_SHOWN]:
            typer.echo(plain(f"{word}: {each.annotation_id} of {each.document_id or 'an unknown document'}"))
    typer.echo(", ".join(f"{len(found)} {word}" for word, found in words.items()))
