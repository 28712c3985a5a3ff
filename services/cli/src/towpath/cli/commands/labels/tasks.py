"""towpath labels tasks"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from towpath.cli.context import console, errors_told, installed
from towpath.core.errors import NotFoundError, RejectedError

if TYPE_CHECKING:
    from towpath.core.objective import Objective
    from towpath.model import Model
    from towpath.v1 import Document, Prediction

__all__ = ["register"]

_BATCH = 200


def register(group: typer.Typer) -> None:
    group.command("tasks")(tasks)


def tasks(
    documents: Annotated[
        Path | None, typer.Argument(help="NDJSON of documents; Kafka's when no file is given at all")
    ] = None,
    queue: Annotated[Path | None, typer.Option(help="what `towpath labels queue` wrote")] = None,
    next_: Annotated[Path | None, typer.Option("--next", help="what `towpath labels next` wrote")] = None,
    to: Annotated[Path | None, typer.Option(help="write them to this file, to be imported by hand")] = None,
    url: Annotated[str | None, typer.Option(help="of Label Studio; LABEL_STUDIO_API_KEY holds a token")] = None,
    project: Annotated[int | None, typer.Option(min=1, help="number of the project, as `connect` prints it")] = None,
    bundle: Annotated[Path | None, typer.Option(help="whose predictions to show; the reigning release's")] = None,
    prelabels: Annotated[bool, typer.Option("--prelabels/--no-prelabels", help="show what the model says")] = True,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
) -> None:
    """Make tasks of documents, with what the reigning model says of each. A document that is a task already stays one.

    Example: towpath labels tasks documents.ndjson --to tasks.json
    """
    with errors_told():
        from towpath.core.objective import load_objective

        if (to is None) == (url is None) or (url is None) != (project is None):
            raise RejectedError("say either --to FILE, or --url and --project")
        goal, found = load_objective(objective), _documents(documents, queue, next_)
        model = _model(bundle) if prelabels else None
        if to is not None:
            made = [each for batch in _made(found, goal, model) for each in batch]
            to.write_text(json.dumps(made, ensure_ascii=False, indent=1), encoding="utf-8")
            typer.echo(f"{len(made)} tasks in {to}{_prelabelled(model)}")
        elif url is not None and project is not None:
            typer.echo(_import(url, project, found, goal, model))


def _documents(documents: Path | None, queue: Path | None, next_: Path | None) -> list[Document]:
    """Each document once."""
    from towpath.cli.material import read_material

    found = []
    if documents is not None or (queue is None and next_ is None):
        found += read_material(documents, None, None).documents
    for file in (queue, next_):
        found += [] if file is None else _chosen(file)
    once = {each.document_id: each for each in reversed(found)}
    return list(reversed(once.values()))


def _chosen(file: Path) -> list[Document]:
    """Of lines with documentId and text, whatever else they say."""
    from towpath.v1 import Document

    if not file.is_file():
        raise NotFoundError("no such file", where=str(file))
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            found.append(Document(document_id=given["documentId"], text=given["text"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RejectedError(f"no documentId and text: {error}", where=f"{file}:{number}") from None
    return found


def _model(bundle: Path | None) -> Model | None:
    from towpath.cli.reigning import reigning
    from towpath.model import BundleError, Model

    try:
        return Model.load(bundle or reigning(installed()))
    except NotFoundError:
        console.print("no release reigns yet: tasks are made without pre-labels")
        return None
    except BundleError as error:
        raise RejectedError(str(error)) from None


def _made(found: Sequence[Document], goal: Objective, model: Model | None) -> Iterator[list[dict[str, Any]]]:
    """Tasks in batches."""
    from towpath.preparation.formats.label_studio import task

    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        said: list[Prediction | None] = [None] * len(batch) if model is None else list(_predicted(model, batch))
        yield [task(each, goal, its) for each, its in zip(batch, said, strict=True)]


def _predicted(model: Model, batch: Sequence[Document]) -> Iterator[Prediction]:
    from towpath.v1 import ClassDecision, ClassProbability, Prediction

    for each, answer in zip(batch, model.predict([one.text for one in batch]), strict=True):
        probabilities = [ClassProbability(label=name, probability=p) for name, p in answer.probabilities.items()]
        decision = ClassDecision(label=answer.label, probabilities=probabilities)
        yield Prediction(document_id=each.document_id, release_id=model.release_id, class_decision=decision)


def _import(url: str, project: int, found: Sequence[Document], goal: Objective, model: Model | None) -> str:
    """Batch by batch. What an interrupted run made is there, and not made again."""
    from rich.progress import Progress

    from towpath.cli.label_studio import connect_to

    with connect_to(url) as studio, Progress(console=console) as shown:
        there = {each.get("data", {}).get("document_id") for each in studio.tasks(project)}
        new, made = [each for each in found if each.document_id not in there], 0
        bar = shown.add_task("importing", total=len(new))
        for batch in _made(new, goal, model):
            made += studio.import_tasks(project, batch)
            shown.advance(bar, len(batch))
    return f"{made} tasks made in project {project}{_prelabelled(model)}; {len(found) - len(new)} were there"


def _prelabelled(model: Model | None) -> str:
    return "" if model is None else f", with what {model.release_id} says"
