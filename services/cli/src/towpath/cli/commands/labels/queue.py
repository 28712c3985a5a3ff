"""towpath labels queue"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from towpath.cli.context import console, errors_told

if TYPE_CHECKING:
    from towpath.preparation.labels.review import Review

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("queue")(queue)


def queue(
    documents: Annotated[Path | None, typer.Option(help="NDJSON of documents; Kafka's when no file is given")] = None,
    annotations: Annotated[Path | None, typer.Option(help="NDJSON of annotations")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="folder of a snapshot, instead of files")] = None,
    objective: Annotated[Path, typer.Option(help="the objective", envvar="TOWPATH_OBJECTIVE")] = Path("objective.yaml"),
    after: Annotated[Path | None, typer.Option(help="an earlier queue: what was reviewed of it is left out")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write the queue to this file")] = None,
) -> None:
    """Rank labels that are hard to believe, for a second look. They are candidates, not errors.

    An entry a line, the most suspicious first, at most the share of the documents that the objective's
    labels.review.queueShare allows: document, class, suspected class, score, votes, why.

    Example: towpath labels queue -o queue.ndjson
    """
    with errors_told():
        from towpath.cli.context import installed
        from towpath.cli.embedding import embedded
        from towpath.cli.labelled import labelled, objective_of, write_lines
        from towpath.cli.material import read_material
        from towpath.preparation.labels.queue import queue_state, read_queue
        from towpath.preparation.labels.review import review
        from towpath.training.settings import TrainingSettings

        goal = objective_of(objective)
        here = labelled(read_material(documents, annotations, snapshot), goal)
        done: tuple[str, ...] = ()
        if after is not None:
            earlier = read_queue(after.read_text(encoding="utf-8"), name=str(after))
            done = queue_state(earlier, here.ratings.kept).reviewed
        texts = [here.texts[each] for each in here.rated]
        rows = embedded(texts, installed().home, TrainingSettings().training_encoder)
        with console.status("looking for labels that are hard to believe"):
            found = review(here.ratings.kept, here.rated, texts, rows, goal, leave_out=frozenset(done))
        write_lines([each.model_dump_json(by_alias=True) for each in found.queue], output)
    _tell(found, len(done))


def _tell(found: Review, done: int) -> None:
    n = len(found.documents)
    console.print(
        f"{len(found.queue)} of {n} labelled documents are worth a second look; confident learning estimates that "
        f"{found.suspicions.estimated_errors} labels are wrong",
        highlight=False,
    )
    if done:
        console.print(f"{done} that were reviewed are left out", highlight=False)
    consensus = found.consensus
    if consensus.method == "crowdlab":
        differ = int((consensus.labels != found.given).sum())
        console.print(f"CROWDLAB's consensus is another class than the given one for {differ}", highlight=False)
