"""towpath predict"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from towpath.cli.context import Installed, console, errors_told, installed, plain
from towpath.core.errors import NotFoundError, RejectedError

__all__ = ["register", "reigning"]

_BATCH = 256


def register(app: typer.Typer) -> None:
    app.command()(predict)


def predict(
    texts: Annotated[list[str], typer.Argument(help="texts, or - to read one a line from standard input")],
    bundle: Annotated[Path | None, typer.Option(help="folder of a bundle; the reigning release when absent")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Predict texts in this process, with no service running.

    Example: towpath predict "Great service!" "Two weeks late."
    """
    with errors_told():
        from towpath.model import BundleError, Model

        folder = bundle or reigning(installed())
        try:
            model = Model.load(folder)
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


def reigning(here: Installed) -> Path:
    """The bundle of the last release on this machine, by Kafka where it answers, else the newest folder."""
    folders = sorted((here.home / "bundles").glob("rel-*"), key=lambda each: each.stat().st_mtime)
    if not folders:
        raise NotFoundError(
            f"no release below {here.home}: run `towpath train`, or name a bundle with --bundle (TOWPATH_HOME says "
            "where to look)"
        )
    return folders[-1]
