"""towpath labels report"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told

if TYPE_CHECKING:
    from towpath.preparation.labels.report import LabelReport

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("report")(report)


def report(
    documents: Annotated[Path | None, typer.Option(help="NDJSON of documents; Kafka's when no file is given")] = None,
    annotations: Annotated[Path | None, typer.Option(help="NDJSON of annotations")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="folder of a snapshot, instead of files")] = None,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    queue: Annotated[Path | None, typer.Option(help="the review queue, as `towpath labels queue` wrote it")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="the page")] = Path("labels.html"),
    json_file: Annotated[Path | None, typer.Option("--json", help="the same for programs")] = None,
    mlflow: Annotated[bool, typer.Option("--mlflow", help="log it there too (MLFLOW_TRACKING_URI)")] = False,
) -> None:
    """Write one page about the labels: do raters agree, who does not, what is refused, may they be released.

    Example: towpath labels report -o labels.html
    """
    with errors_told():
        from towpath.cli.judged import judged
        from towpath.preparation.labels.page import label_page

        found = judged(documents, annotations, snapshot, objective, queue)
        with console.status("drawing"):
            _write(label_page(found, subtitle=_when()), output)
        if json_file is not None:
            _write(_json(found), json_file)
        if mlflow:
            _log(found, [each for each in (output, json_file) if each is not None])
    _tell(found, output)


def _when() -> str:
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _json(found: LabelReport) -> str:
    import json

    return json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(text: str, file: Path) -> None:
    """Whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def _log(found: LabelReport, files: list[Path]) -> None:
    from towpath.cli.context import installed
    from towpath.pipelines.tracking import log_report

    alpha = found.agreement.alpha
    figures = {
        "labels.alpha": alpha.value,
        "labels.alpha_low": alpha.low,
        "labels.alpha_high": alpha.high,
        "labels.documents": float(found.agreement.documents),
        "labels.ratings": float(found.agreement.ratings),
        "labels.releasable": float(found.verdict.met),
    }
    with console.status("logging to MLflow"):
        run = log_report(installed().home, found.objective, "label-report", files, figures)
    console.print(f"logged to MLflow as run {run}", highlight=False)


def _tell(found: LabelReport, output: Path) -> None:
    from towpath.cli.judged import told

    for line in told(found):
        typer.echo(line)
    typer.echo(f"wrote {output}")
