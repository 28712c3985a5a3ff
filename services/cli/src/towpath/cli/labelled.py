"""What the commands that look at labels by a model have in common: who is labelled, and how, with embeddings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from towpath.cli.context import console, plain
from towpath.cli.material import Material
from towpath.core.objective import Objective, ObjectiveError, load_objective
from towpath.preparation.labels.ratings import Ratings, ratings_of

__all__ = ["Labelled", "labelled", "objective_of", "write_lines"]


@dataclass(frozen=True)
class Labelled:
    """`texts` of all documents by id; `rated` and `unrated` are ids, sorted. Ratings of unknown documents are out."""

    texts: dict[str, str]
    ratings: Ratings
    rated: list[str]
    unrated: list[str]


def objective_of(file: Path) -> Objective:
    """Raises typer.Exit when it has mistakes, which are told."""
    try:
        return load_objective(file)
    except ObjectiveError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


def labelled(material: Material, objective: Objective) -> Labelled:
    """What is rated and what is not. Ratings that do not count are told, by reason."""
    texts: dict[str, str] = {}
    for each in material.documents:
        texts.setdefault(each.document_id, each.text)
    ratings = ratings_of(material.annotations, objective)
    for why, ids in ratings.refused.items():
        console.print(f"{len(ids)} ratings do not count: {plain(why)}", markup=False, highlight=False)
    unknown = sum(each.document_id not in texts for each in ratings.kept)
    if unknown:
        console.print(f"{unknown} ratings do not count: of documents that are not here", highlight=False)
    rated = {each.document_id for each in ratings.kept}
    return Labelled(texts, ratings, sorted(rated & texts.keys()), sorted(texts.keys() - rated))


def write_lines(lines: Sequence[str], output: Path | None) -> None:
    """To the file, whole or not at all, or to standard output."""
    if output is None:
        for line in lines:
            typer.echo(plain(line) if sys.stdout.isatty() else line)
        return
    part = output.with_name(f"{output.name}.part")
    part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    part.replace(output)
    console.print(f"wrote {output}", markup=False, highlight=False)
