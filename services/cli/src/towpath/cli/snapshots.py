"""What the commands about snapshots have in common: where they lie, how they are read, how they are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from towpath.cli.context import console, installed
from towpath.core.errors import RejectedError, RetryableError

if TYPE_CHECKING:
    from towpath.pipelines.snapshots.depot import Depot
    from towpath.pipelines.snapshots.making import Tell
    from towpath.pipelines.snapshots.manifest import Manifest
    from towpath.pipelines.snapshots.tally import Reading
    from towpath.pipelines.snapshots.usage import Use

__all__ = ["counted", "depot", "megabytes", "moment", "progress", "reading", "shares", "short", "summary", "used"]

_SHORT = 12


def depot() -> Depot:
    """Of this installation."""
    from towpath.core.store import open_store
    from towpath.pipelines.snapshots.depot import Depot

    here = installed()
    return Depot.open(open_store(here.settings.store), here.home)


def reading(objective: Path | None) -> Reading:
    """As the objective says, else objective.yaml, else with raters' words as they are."""
    from towpath.core.objective import load_objective
    from towpath.pipelines.snapshots.tally import Reading
    from towpath.pipelines.steps.ages import asked_for

    usual = Path("objective.yaml")
    if objective is None and not usual.is_file():
        return Reading()
    goal = load_objective(objective or usual)
    return Reading(asked_for(goal), goal if goal.kind == "text-classification" else None)


def moment(told: str) -> datetime:
    """Raises RejectedError when it is none."""
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        raise RejectedError(f"--as-of {told!r} is no moment: 2026-11-30, or 2026-11-30T12:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def used(of: Depot, snapshot_ids: list[str]) -> list[Use]:
    """Runs and releases that were made of them; without Kafka those that files tell, and a word on that."""
    from towpath.pipelines.snapshots.usage import uses

    here = installed()
    try:
        with here.broker() as broker:
            return uses(of.store, broker, here.registry, snapshot_ids)
    except RetryableError as error:
        console.print(f"releases are told from the runs' files alone: {error}", markup=False, highlight=False)
        return uses(of.store, None, here.registry, snapshot_ids)


def short(snapshot_id: str) -> str:
    return snapshot_id.removeprefix("sha256:")[:_SHORT]


def counted(number: int, one: str, more: str = "") -> str:
    """`1 document`, `2 documents`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def shares(counted: dict[str, int]) -> str:
    total = sum(counted.values())
    return ", ".join(f"{name or 'no class'} {count / total:.1%}" for name, count in counted.items()) or "none"


def summary(manifest: Manifest) -> dict[str, Any]:
    """For programs; without the sum behind the id, which nobody reads."""
    told = manifest.model_dump(mode="json", by_alias=True, exclude={"state", "raters"})
    return {**told, "raterCount": len(manifest.raters), "bytes": manifest.size, "whole": not manifest.forgotten}


@contextmanager
def progress() -> Iterator[Tell]:
    """A line for each thing that is done, on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=of)
            shown.update(tasks[what], completed=done, total=of)

        yield tell
