"""towpath objective init"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import errors_told
from towpath.core.errors import ConflictError, RejectedError

if TYPE_CHECKING:
    from towpath.cli.drafting import Draft
    from towpath.core.objective import Kind, Objective

__all__ = ["register"]


class TaskKind(StrEnum):
    classification = "text-classification"
    entities = "entity-extraction"
    answers = "question-answering"
    search = "semantic-search"


def register(group: typer.Typer) -> None:
    group.command("init")(init)


def init(
    file: Annotated[Path, typer.Argument(help="the file to write")] = Path("objective.yaml"),
    name: Annotated[str | None, typer.Option(help="of the objective: lower case, digits, hyphens")] = None,
    kind: Annotated[TaskKind | None, typer.Option(help="of the task")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", help="a class, or a type of entities; again")] = None,
    cost: Annotated[
        list[str] | None, typer.Option(help="truth:decision=5, or type:missed=5, or missed=5; again")
    ] = None,
    ask_person: Annotated[float | None, typer.Option(help="what asking a person costs")] = None,
    unit: Annotated[str | None, typer.Option(help="what costs are counted in (EUR)")] = None,
    canvas: Annotated[list[str] | None, typer.Option(help="decisions=What is done with it; again")] = None,
    force: Annotated[bool, typer.Option("--force", help="write over a file that is there")] = False,
) -> None:
    """Write a first objective, with comments: it asks for what is in it, or takes it from options without asking.

    Example: towpath objective init --name complaints --class complaint --class other --cost complaint:other=8
    """
    from towpath.cli.drafting import Draft
    from towpath.cli.drafting.asking import asked

    with errors_told():
        if file.exists() and not force:
            raise ConflictError(f"{file} is there already: another name, or --force to write over it")
        if any(each is not None for each in (name, kind, classes, cost, ask_person, unit, canvas)):
            task: Kind = (kind or TaskKind.classification).value
            draft = Draft(name or _named(file), task, tuple(classes or ()), unit or "EUR", ask_person)
            draft = _complete(draft, cost or [], canvas or [])
        else:
            draft = asked(_named(file))
        objective, todo = _write(draft, file)
        typer.echo(f"wrote {file}: {objective.name}, {objective.kind}; its schema for editors is beside it")
        if todo:
            typer.echo(f"to be written in it: {', '.join(todo)}")
        typer.echo(f"next: towpath objective explain {file}")


def _complete(draft: Draft, costs: list[str], canvas: list[str]) -> Draft:
    from towpath.cli.drafting.draft import with_canvas, with_cost

    if draft.kind == "text-classification" and len(draft.names) < 2:
        raise RejectedError("--class is wanted twice at least: --class complaint --class other")
    if draft.kind == "entity-extraction" and not draft.names:
        raise RejectedError("--class is wanted for each type of entities: --class person --class place")
    if twice := [each for n, each in enumerate(draft.names) if each in draft.names[:n]]:
        raise RejectedError(f"--class {twice[0]!r} is there twice: name each once")
    for told in costs:
        draft = with_cost(draft, told)
    for told in canvas:
        draft = with_canvas(draft, told)
    return draft


def _write(draft: Draft, file: Path) -> tuple[Objective, list[str]]:
    """Only what `check` accepts comes under the file's name."""
    from towpath.cli.drafting import as_yaml
    from towpath.cli.drafting.draft import CANVAS
    from towpath.cli.drafting.text import SCHEMA_FILE
    from towpath.core.objective import ObjectiveError, check_objective
    from towpath.core.objective.schema import schema

    part = file.with_name(f".{file.name}.part")
    part.write_text(as_yaml(draft), encoding="utf-8")
    try:
        objective = check_objective(part).objective
        file.with_name(SCHEMA_FILE).write_text(schema(), encoding="utf-8")
        part.replace(file)
    except ObjectiveError as error:
        raise RejectedError("\n".join(each.said for each in error.problems)) from None
    finally:
        part.unlink(missing_ok=True)
    return objective, [key for key in CANVAS if key not in draft.canvas]


def _named(file: Path) -> str:
    folder = re.sub(r"[^a-z0-9]+", "-", file.absolute().parent.name.lower()).strip("-")[:63].strip("-")
    return folder or "objective"
