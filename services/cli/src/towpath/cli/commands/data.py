"""towpath data report"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.commands import differences, forgetting, snapshots
from towpath.cli.context import console, errors_told, installed, plain

if TYPE_CHECKING:
    from towpath.cli.audited import Audited
    from towpath.core.objective import Objective
    from towpath.preparation.quality.finding import Report

__all__ = ["register"]

Files = Annotated[
    list[str] | None,
    typer.Argument(help="documents, with or without labels: what `towpath ingest` reads, or snapshots"),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="data", help="Data that are clean, kept as they were, compared, and forgotten.")
    app.add_typer(group)
    group.command("report")(report)
    for each in (snapshots, differences, forgetting):
        each.register(group)


def report(
    files: Files = None,
    snapshot: Annotated[Path | None, typer.Option(help="a snapshot's folder instead of files")] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="raters' answers on one file of documents, as NDJSON")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="the page")] = Path("data.html"),
    json_file: Annotated[Path | None, typer.Option("--json", help="the same for programs")] = None,
    test: Annotated[list[str] | None, typer.Option(help="a file of documents that are not trained on")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="files, or a snapshot's folder, that skew is measured against")
    ] = None,
    objective: Annotated[Path | None, typer.Option(help="whose limits count; else objective.yaml, if there")] = None,
    column: Annotated[list[str] | None, typer.Option(help="FIELD=NAME of a column that is named otherwise")] = None,
    columns: Annotated[
        str, typer.Option(help="names of the columns of a table without a header, by comma; - leaves one out")
    ] = "",
    deep: Annotated[bool, typer.Option("--deep", help="with embeddings: suspicious labels, outliers, twins")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="exit 0 although a limit is crossed")] = False,
) -> None:
    """Check documents against the objective's limits and write one page about them; without files, those in Kafka.

    Exit code 1 when a limit is crossed.

    Example: towpath data report tweets.csv --column text=body --column documentId=id -o data.html
    """
    with errors_told():
        limits = _objective(objective)
        named = _named(column or [])
        if annotations is not None:
            chosen = _rated(files or [], annotations, limits)
        else:
            chosen = _audited(files or [], test or [], snapshot, limits, named, columns)
        held = _audited(against, [], None, limits, named, columns) if against else None
        found = _check(chosen, held, limits)
        if deep:
            found = _deeper(found, chosen, limits)
        _write(found, chosen, limits, output, json_file)
    _tell(found, output)
    if not found.ok and not report_only:
        raise typer.Exit(1)


def _objective(file: Path | None) -> Objective | None:
    from towpath.core.objective import load_objective

    usual = Path("objective.yaml")
    if file is None and not usual.is_file():
        console.print("no objective.yaml here: the limits are the objective's defaults (--objective names one)")
        return None
    return load_objective(file or usual)


def _audited(
    files: list[str],
    test: list[str],
    snapshot: Path | None,
    objective: Objective | None,
    named: dict[str, str],
    columns: str,
) -> Audited:
    from towpath.cli.audited import of_files, of_material
    from towpath.cli.material import read_material
    from towpath.core.errors import RejectedError

    if len(files) == 1 and (Path(files[0]) / "snapshot.json").is_file():
        files, snapshot = [], Path(files[0])
    if files or test:
        if snapshot is not None:
            raise RejectedError("give either files or --snapshot, not both")
        header = [name.strip() for name in columns.split(",") if name.strip()]
        store = installed().settings.store
        return of_files(files, test, objective, columns=named, header=header, store=store)
    material = read_material(None, None, snapshot)
    return of_material(material, objective, "Kafka" if snapshot is None else snapshot.name)


def _rated(files: list[str], annotations: Path, objective: Objective | None) -> Audited:
    from towpath.cli.audited import of_material
    from towpath.cli.material import read_material
    from towpath.core.errors import RejectedError

    if len(files) != 1:
        raise RejectedError("--annotations wants one file of documents (NDJSON) beside it")
    return of_material(read_material(Path(files[0]), annotations, None), objective, Path(files[0]).parent.name)


def _named(column: list[str]) -> dict[str, str]:
    from towpath.core.errors import RejectedError

    wrong = [each for each in column if "=" not in each]
    if wrong:
        raise RejectedError(f"--column {wrong[0]!r} is not FIELD=NAME, as text=body")
    return dict(each.split("=", 1) for each in column)


def _check(chosen: Audited, against: Audited | None, objective: Objective | None) -> Report:
    import time

    from towpath.core.objective import DataQuality
    from towpath.preparation.quality.audit import audit, profile_of

    limits = DataQuality() if objective is None else objective.contract.data_quality
    classes = objective.classes if objective is not None and objective.kind == "text-classification" else ()
    now = time.time()
    with _progress() as show:
        held = None
        if against is not None:
            held = profile_of(against.source(), limits, classes, now=now, on_progress=show("reading"))
        return audit(
            chosen.source,
            limits,
            classes,
            test_parts=chosen.test_parts,
            reference=held,
            now=now,
            on_progress=show("checking"),
        )


def _deeper(found: Report, chosen: Audited, objective: Objective | None) -> Report:
    from dataclasses import replace

    from towpath.cli.audited import sampled
    from towpath.core.errors import RejectedError
    from towpath.model.build import build_encoder
    from towpath.pipelines.steps.encode import embed
    from towpath.preparation.quality.deep import deep

    if objective is None:
        raise RejectedError("--deep needs an objective: whose classes are the labels?")
    items = sampled(chosen, objective)
    home = installed().home
    with console.status(f"reading {len(items)} documents as the encoder does, and doubting their labels"):
        embeddings = embed([each.text for each in items], build_encoder(home / "cache"), home / "cache")
        more = deep(items, embeddings, objective.classes, objective.contract.data_quality.personal_data)
    return replace(found, findings=(*found.findings, *more))


def _write(found: Report, chosen: Audited, objective: Objective | None, output: Path, json_file: Path | None) -> None:
    import json
    from datetime import UTC, datetime

    from towpath.preparation.quality.page import data_page

    held = "default limits" if objective is None else f"limits of {objective.name}, {objective.hash}"
    about = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {held}"
    output.write_text(data_page(found, title=f"Data report: {chosen.name}", subtitle=about), encoding="utf-8")
    if json_file is not None:
        json_file.write_text(json.dumps(found.to_dict(), indent=1, ensure_ascii=False), encoding="utf-8")


def _tell(found: Report, output: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    marks = {"error": "[red]beyond the limit[/red]", "warning": "[yellow]found[/yellow]", "info": "fine"}
    table = Table(box=None, pad_edge=False)
    for name in ("check", "", "found"):
        table.add_column(name)
    for each in found.findings:
        table.add_row(each.check, marks[each.severity], escape(plain(each.said)))
    console.print(table)
    typer.echo(f"{found.facts['documents']} documents checked; wrote {output}")


@contextmanager
def _progress() -> Iterator[Callable[[str], Callable[[int], None]]]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        def start(name: str) -> Callable[[int], None]:
            task = progress.add_task(name, total=None)
            return lambda done: progress.update(task, completed=done)

        yield start
