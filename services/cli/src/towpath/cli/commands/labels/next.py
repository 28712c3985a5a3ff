"""towpath labels next"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from towpath.cli.labelled import Labelled
    from towpath.core.objective import Objective
    from towpath.preparation.labels.queue import Wanted

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("next")(next_)


def next_(
    count: Annotated[int, typer.Option(min=1, max=10_000, help="how many documents")] = 100,
    documents: Annotated[Path | None, typer.Option(help="NDJSON of documents; Kafka's when no file is given")] = None,
    annotations: Annotated[Path | None, typer.Option(help="NDJSON of annotations")] = None,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    candidates: Annotated[
        int, typer.Option(min=1, help="look at so many of the documents without labels, drawn at random")
    ] = 5000,
    seed: Annotated[int, typer.Option(help="of what is drawn at random")] = 0,
    alert: Annotated[
        str | None, typer.Option(help="begin with the documents of this alert, as `towpath alerts list` shows its id")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write them to this file")] = None,
) -> None:
    """Choose what to label next: where decisions are expected to cost most, varied, and a random share to evaluate by.

    A document a line, with `why`: uncertain, or evaluation (the share is the objective's labels.evaluationShare).

    Examples:

      towpath labels next --count 100 -o next.ndjson

      towpath labels next --count 100 --alert alr-3d2f -o next.ndjson
    """
    with errors_told():
        from towpath.cli.labelled import labelled, objective_of, write_lines
        from towpath.cli.material import read_material
        from towpath.core.errors import RejectedError

        goal = objective_of(objective)
        here = labelled(read_material(documents, annotations, None), goal)
        if not here.unrated:
            raise RejectedError("every document has a rating: ingest new ones first")
        first = [] if alert is None else _named(alert, here)
        chosen = _choose(here, goal, count, candidates, seed, first[:count])
        write_lines([each.model_dump_json(by_alias=True) for each in chosen], output)
    evaluation = sum(each.why == "evaluation" for each in chosen)
    console.print(
        f"{len(chosen)} to label next: {len(chosen) - evaluation} uncertain, {evaluation} for evaluation",
        highlight=False,
    )


def _named(alert: str, here: Labelled) -> list[str]:
    """Of the alert's documents those that are here and that nobody has rated."""
    from towpath.cli import alerting

    free = set(here.unrated)
    named: list[str] = alerting.alert(alert)["documentIds"]
    found = [each for each in dict.fromkeys(named) if each in free]
    console.print(f"{len(found)} of the alert's {len(named)} documents are here and unrated", highlight=False)
    return found


def _choose(
    here: Labelled, objective: Objective, count: int, candidates: int, seed: int, first: list[str]
) -> list[Wanted]:
    import numpy as np

    from towpath.pipelines.steps.split import split
    from towpath.preparation.labels.queue import Wanted
    from towpath.preparation.labels.selection import Choice, choose

    given, named = len(first), set(first)
    ids = first + [each for each in _candidates(here, candidates, seed) if each not in named]
    texts = [here.texts[each] for each in ids]
    rows, probabilities = _as_of_now(here, texts, objective)
    reserved = np.zeros(len(texts), dtype=np.bool_)
    # Where training tests: only what is drawn at random may go there, or the gate would judge by hard cases.
    reserved[split(texts).test] = True
    share = objective.contract.labels.evaluation_share
    with console.status("choosing"):
        free = rows[given:], probabilities[given:], reserved[given:]
        more = (
            choose(*free, objective.costs, count=count - given, evaluation_share=share, seed=seed)
            if free[0].size
            else []
        )
    cost = objective.costs.decide(probabilities).expected_cost
    made = [Choice(n, "evaluation" if reserved[n] else "uncertain", float(cost[n])) for n in range(given)]
    made += [Choice(each.index + given, each.why, each.expected_cost) for each in more]
    return [
        Wanted(
            document_id=ids[each.index],
            text=texts[each.index],
            why=each.why,
            expected_cost=round(each.expected_cost, 6),
        )
        for each in made
    ]


def _candidates(here: Labelled, most: int, seed: int) -> list[str]:
    """Ids of documents without ratings whose text is new."""
    from towpath.preparation.labels.errors import new_texts

    fresh = new_texts([here.texts[each] for each in here.unrated], [here.texts[each] for each in here.rated])
    drawn = random.Random(seed).sample(fresh, min(most, len(fresh)))  # noqa: S311 - no secret
    return [here.unrated[n] for n in sorted(drawn)]


def _as_of_now(
    here: Labelled, texts: list[str], objective: Objective
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Embeddings of the texts, and what a model of today's labels says of them."""
    import numpy as np

    from towpath.cli.context import installed
    from towpath.cli.embedding import embedded
    from towpath.preparation.labels.consensus import given_classes
    from towpath.preparation.labels.errors import fitted
    from towpath.training.settings import TrainingSettings

    known = [here.texts[each] for each in here.rated]
    rows = embedded(known + texts, installed().home, TrainingSettings().training_encoder)
    classes = given_classes([each for each in here.ratings.kept if each.document_id in here.texts], objective)
    if len(set(classes.values())) < 2:
        console.print("there are no labels of two classes yet: chosen to be varied, and nothing is known of costs")
    labels = np.array([objective.classes.index(classes[each]) for each in here.rated], dtype=np.intp)
    now, then = rows[: len(known)], rows[len(known) :]
    return then, fitted(now, labels, then, len(objective.classes))
