"""towpath model check, import, encoders"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.commands.encoders import register as register_encoders
from towpath.cli.context import console, errors_told, installed

if TYPE_CHECKING:
    from towpath.cli.behaving import Questioned
    from towpath.pipelines.behaviour import Report

__all__ = ["register"]

_WRITTEN = (".html", ".json", ".md")


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="model", help="What a model does with texts, and encoders to train it on.")
    app.add_typer(group)
    group.command("check")(check)
    register_encoders(group)


def check(
    bundle: Annotated[Path | None, typer.Option(help="folder of a bundle")] = None,
    release: Annotated[
        str | None, typer.Option(help="id of a release, on this machine or on Kafka; the reigning one when absent")
    ] = None,
    suite: Annotated[
        Path | None, typer.Option(help="behaviour.yaml, or an objective; that of the model's objective when absent")
    ] = None,
    documents: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="labelled documents, for the tests that change them: what `towpath data report` reads, or a "
            "snapshot's folder; those are taken that training keeps for tests",
        ),
    ] = None,
    column: Annotated[list[str] | None, typer.Option(help="FIELD=NAME of a column that is named otherwise")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="a report: .html, .json or .md")] = None,
    examples: Annotated[int, typer.Option(min=0, max=5, help="texts that fail, shown of each test")] = 2,
) -> None:
    """Ask a model the tests of a suite, and tell how often it fails each, where, and on which texts.

    Exit code 1 when a test is beyond its limit. A limit of no-worse-than-champion is held against the release that
    reigns, when another model is checked.

    Example: towpath model check --suite behaviour.yaml

    Example: towpath model check --bundle .towpath/bundles/rel-1 --documents .towpath/snapshots/1f -o report.html
    """
    from rich.console import Console

    from towpath.cli.behaving import labelled, limits_of, questioned, show
    from towpath.core.errors import RejectedError

    with errors_told():
        if bundle is not None and release is not None:
            raise RejectedError("give --bundle or --release, not both")
        if output is not None and output.suffix not in _WRITTEN:
            raise RejectedError(f"{output}: one of {', '.join(_WRITTEN)} is wanted")
        asked = questioned(installed(), bundle, release)
        tests = limits_of(asked, suite)
        known = labelled(documents, asked.objective, column or []) if documents is not None else None
        with console.status("asking"):
            found = asked.answer(tests, known)
        if output is not None:
            _write(found, asked, output)
    show(found, asked, Console(), examples)
    if output is not None:
        typer.echo(f"wrote {output}")
    if not found.ok:
        raise typer.Exit(1)


def _write(found: Report, asked: Questioned, output: Path) -> None:
    import json

    from towpath.pipelines.behaviour.page import as_markdown, as_page

    title = f"Behaviour of {asked.model.manifest.name} {asked.model.release_id}"
    if output.suffix == ".json":
        told = {"model": asked.model.manifest.name, "releaseId": asked.model.release_id, **found.to_dict()}
        text = json.dumps(told, indent=1, ensure_ascii=False)
    elif output.suffix == ".md":
        text = as_markdown(found, title=title)
    else:
        text = as_page(found, title=title, subtitle=f"{found.texts:,} texts asked, seed {found.seed}")
    output.write_text(text, encoding="utf-8")
