"""towpath objective explain"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from towpath.cli.context import console, errors_told, plain
from towpath.core.errors import RejectedError

if TYPE_CHECKING:
    from towpath.cli.explaining import Explanation
    from towpath.core.objective import Objective

__all__ = ["register"]

_FORMATS = (".html", ".svg", ".png")


def register(group: typer.Typer) -> None:
    group.command("explain")(explain)


def explain(
    file: Annotated[Path, typer.Argument(help="the objective")] = Path("objective.yaml"),
    shares: Annotated[str | None, typer.Option(help="of the classes: negative=.2,neutral=.3,positive=.5")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="take the shares from this data set's folder")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="draw it: .html, .svg or .png")] = None,
) -> None:
    """How good is good enough: what doing without a model costs, from which quality on one pays, when to act.

    Example: towpath objective explain --shares negative=.2,neutral=.3,positive=.5 -o explain.html
    """
    from towpath.cli.explaining import explain as explained
    from towpath.cli.explaining.explanation import parse_shares
    from towpath.cli.explaining.terminal import show
    from towpath.core.objective import load_objective

    with errors_told():
        if shares and snapshot:
            raise RejectedError("--shares or --snapshot, not both")
        if output is not None and output.suffix not in _FORMATS:
            raise RejectedError(f"{output}: its name ends with none of {', '.join(_FORMATS)}")
        objective = load_objective(file)
        if objective.kind != "text-classification":
            _findings(objective, output or shares or snapshot)
            return
        found, told = (None, "") if shares is None else (parse_shares(shares, objective.classes), "given")
        if snapshot is not None:
            found, told = _of_snapshot(snapshot, objective)
        explanation = explained(objective, found, told)
        show(explanation, Console(highlight=False))
        if output is not None:
            output.write_bytes(_drawn(explanation, output.suffix))
            console.print(f"wrote {output}", highlight=False, markup=False)


def _findings(objective: Objective, more: object) -> None:
    """Of tasks that find things: from which probability on a finding pays."""
    from towpath.cli.canvas.boxes import good_enough, price_of_asking

    if more:
        raise RejectedError(f"--shares, --snapshot and pictures are for text classification, this is {objective.kind}")
    for sentence in (price_of_asking(objective), *good_enough(objective)):
        typer.echo(plain(sentence))


def _of_snapshot(folder: Path, objective: Objective) -> tuple[list[float], str]:
    import numpy as np

    from towpath.pipelines.steps.examples import label
    from towpath.pipelines.steps.snapshot import load_snapshot

    if not (folder / "snapshot.json").is_file():
        raise RejectedError(f"{folder}: no snapshot.json in it; snapshots are folders below .towpath/snapshots")
    examples = label(load_snapshot(folder), objective)
    if not len(examples):
        left_out = ", ".join(f"{count} {why}" for why, count in examples.left_out.items())
        raise RejectedError(f"{folder}: no document in it has a class by this objective ({left_out or 'it is empty'})")
    counts = np.bincount(examples.truth, minlength=len(objective.classes))
    return list(counts / counts.sum()), f"of {len(examples)} labelled documents in {folder}"


def _drawn(explanation: Explanation, suffix: str) -> bytes:
    from towpath.cli.explaining.page import as_page
    from towpath.cli.explaining.picture import draw

    if suffix == ".html":
        return as_page(explanation).encode()
    return draw(explanation, "png" if suffix == ".png" else "svg")
