"""towpath predict"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.cli.reigning import bundle_at, reigning, reigning_bundle
from towpath.core.errors import RejectedError

if TYPE_CHECKING:
    from towpath.cli.scoring import Asked
    from towpath.pipelines.scoring import BundleRef

__all__ = ["register"]

_BATCH = 256
_TO = "predictions.parquet"


def register(app: typer.Typer) -> None:
    app.command()(predict)


def predict(
    texts: Annotated[
        list[str] | None, typer.Argument(help="texts, or - to read one a line from standard input")
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="predict every document of .parquet, .csv, .tsv, .ndjson, …, of a folder or s3://bucket/prefix of "
            "them, or of a snapshot's folder",
        ),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="PLACE", help="with --over: one file (.parquet), or a folder or s3://… of parts")
    ] = _TO,
    bundle: Annotated[Path | None, typer.Option(help="folder of a bundle; the reigning release when absent")] = None,
    model: Annotated[str | None, typer.Option(help="whose reigning release; the last of any when absent")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="with --over: processes of this machine; one, with all cores")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="with --over: scheduler of a Dask cluster, tls://host:8786")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME of a column that is named otherwise, as text=body")
    ] = None,
    columns: Annotated[
        str, typer.Option(help="names of the columns of a table without a header, by comma; - leaves one out")
    ] = "",
    quotes: Annotated[
        bool | None, typer.Option("--quotes/--no-quotes", help="fields may be quoted; else: in .csv, not in .tsv")
    ] = None,
    encoding: Annotated[str, typer.Option(help="of files of text: latin-1, cp1252, utf-16, …")] = "utf-8",
    max_refused: Annotated[
        float, typer.Option(min=0, max=1, help="share of unusable rows (from 100 on) that stops it")
    ] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Predict texts, or everything in a file, folder or bucket, with no service running.

    With --over, an interrupted run goes on where it stopped, and one that is complete does nothing.

    Example: towpath predict "Great service!" "Two weeks late."

    Example: towpath predict --over tweets.csv --column text=body --to tweets.predictions.parquet
    """
    with errors_told():
        if (over is None) == (not texts):
            raise RejectedError("give texts, or a source with --over" if over is None else "give texts or --over")
        if over is None:
            _predict_texts(texts or [], bundle or reigning(installed(), model), as_json)
            return
        from towpath.cli.scoring import Asked
        from towpath.preparation.sources import Reading

        reading = Reading(
            columns=_pairs(column or []),
            header=tuple(columns.split(",")) if columns else (),
            quoted=quotes,
            encoding=encoding,
        )
        ref = bundle_at(bundle) if bundle else reigning_bundle(installed(), model)
        _predict_over(Asked(over, to, reading, workers, dask, max_refused), ref, as_json)


def _predict_over(asked: Asked, ref: BundleRef, as_json: bool) -> None:
    from towpath.cli.scoring import score_over, summary

    manifest, seconds = score_over(installed(), asked, ref)
    if as_json:
        told = {"releaseId": manifest.release_id, "unit": manifest.unit, "seconds": round(seconds, 3), "to": asked.to}
        typer.echo(json.dumps({**told, **manifest.totals.model_dump()}, ensure_ascii=False))
        return
    for line in summary(manifest, seconds, asked.to):
        typer.echo(plain(line))


def _predict_texts(texts: list[str], bundle: Path, as_json: bool) -> None:
    from towpath.model import BundleError, Model

    try:
        model = Model.load(bundle)
    except BundleError as error:
        raise RejectedError(str(error)) from None
    if not as_json:
        console.print(f"{model.manifest.name} {model.release_id}", highlight=False)
    rest = _texts(texts)
    while batch := list(islice(rest, _BATCH)):
        for text, answer in zip(batch, model.predict(batch), strict=True):
            if as_json:
                typer.echo(json.dumps({"text": text, **dataclasses.asdict(answer)}, ensure_ascii=False))
            else:
                asked = " (ask a person)" if answer.decision == "ask-person" else ""
                sure = answer.probabilities[answer.label]
                typer.echo(plain(f"{answer.label}{asked} {sure:.2f}  {text[:100]}"))


def _texts(given: list[str]) -> Iterator[str]:
    for text in given:
        if text == "-":
            yield from (line.rstrip("\n") for line in sys.stdin if line.strip())
        elif text.strip():
            yield text
        else:
            raise RejectedError("a text is blank")


def _pairs(given: list[str]) -> dict[str, str]:
    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise RejectedError(f"--column {wrong[0]!r} is not FIELD=NAME")
    return dict(each.split("=", 1) for each in given)
