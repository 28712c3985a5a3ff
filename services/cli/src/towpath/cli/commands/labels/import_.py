"""towpath labels import"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import errors_told, installed
from towpath.core.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from towpath.preparation.formats.read import Read

__all__ = ["register"]


class Format(StrEnum):
    label_studio = "label-studio"
    ground_truth = "ground-truth"
    csv = "csv"


def register(group: typer.Typer) -> None:
    group.command("import")(import_)


def import_(
    file: Annotated[Path, typer.Argument(help="an export (JSON or JSON-MIN), an output manifest, or a table")],
    from_: Annotated[Format, typer.Option("--from", help="what wrote it")],
    source: Annotated[
        str | None, typer.Option(help="names the server or the job; the format's name when absent")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="OURS=THEIRS of a column or label attribute: rater=coder, label=mood")
    ] = None,
    rater: Annotated[
        list[str] | None, typer.Option(help="USER=NAME: what to call a user of Label Studio, by number or address")
    ] = None,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    restart: Annotated[bool, typer.Option("--restart", help="send all again, also what was sent before")] = False,
    allow_rejected: Annotated[
        bool, typer.Option("--allow-rejected", help="exit 0 although annotations were refused")
    ] = False,
) -> None:
    """Send annotations that a tool wrote to ingestion. Run again after an interruption, it goes on where it was.

    Example: towpath labels import ratings.csv --from csv
    """
    with errors_told():
        from towpath.cli.label_studio.delivering import deliver, tell_refused

        columns, raters, source = _pairs("--column", column), _pairs("--rater", rater), source or from_.value
        here, read = installed(), _read(file, from_, source, columns, raters, objective)
        what = f"{from_.value}/{source}/{sorted(columns.items())}/{sorted(raters.items())}"
        documents = deliver(here, "documents", read.documents, file=file, what=what, restart=restart)
        sent = deliver(here, "annotations", read.annotations, file=file, what=what, restart=restart)
        lost = tell_refused(read.refused, sent, read.annotations) + documents.rejected
    skipped = sum(each.expected for each in read.refused)
    before = len(read.annotations) - sent.accepted - sent.rejected
    typer.echo(
        f"{sent.accepted} annotations accepted, {lost} refused, {skipped} skipped by their raters"
        + (f", {before} sent before" if before else "")
    )
    if lost and not allow_rejected:
        raise typer.Exit(1)


def _read(
    file: Path, from_: Format, source: str, columns: dict[str, str], raters: dict[str, str], objective: Path
) -> Read:
    from towpath.preparation.formats.ground_truth import read_ground_truth
    from towpath.preparation.formats.label_studio import Naming, read_export
    from towpath.preparation.formats.read import UnreadableError
    from towpath.preparation.formats.table import read_table

    if not file.is_file():
        raise NotFoundError("no such file", where=str(file))
    text = _text(file)
    try:
        if from_ is Format.label_studio:
            return read_export(text, Naming(source, raters), choice=columns.get("label", "label"))
        if from_ is Format.ground_truth:
            return read_ground_truth(text, source, attribute=columns.get("label"))
        return read_table(text, source, columns=columns, classes=_classes(objective))
    except UnreadableError as error:
        raise RejectedError(str(error), where=str(file)) from None


def _text(file: Path) -> str:
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RejectedError(f"line {line}: not UTF-8: byte 0x{raw[error.start]:02x}", where=str(file)) from None


def _classes(objective: Path) -> tuple[str, ...]:
    """So that a class whose name is a number is no grade."""
    from towpath.core.objective import load_objective
    from towpath.core.objective.tasks import TextClassification

    task = load_objective(objective).contract.task if objective.is_file() else None
    return task.classes if isinstance(task, TextClassification) else ()


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    wrong = [each for each in given or () if "=" not in each]
    if wrong:
        raise RejectedError(f"{option} {wrong[0]!r} is not NAME=NAME")
    return dict(each.split("=", 1) for each in given or ())
