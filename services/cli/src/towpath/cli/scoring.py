"""`towpath predict --over`: who scores, how far it is, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from towpath.cli.context import Installed, console, plain
from towpath.core.errors import RejectedError

if TYPE_CHECKING:
    from towpath.pipelines.scoring import BundleRef, Engine, Manifest, Place, Told
    from towpath.preparation.sources import Reading

__all__ = ["Asked", "engine_of", "score_over", "summary"]


@dataclass(frozen=True)
class Asked:
    """What a user asked for."""

    source: str
    to: str
    reading: Reading
    workers: int | None
    dask: str | None
    max_refused: float


def score_over(here: Installed, asked: Asked, bundle: BundleRef) -> tuple[Manifest, float]:
    """The manifest of what is predicted now, and the seconds that it took."""
    from towpath.pipelines.scoring import Limit, open_documents, predict_over

    source = open_documents(asked.source, asked.reading, here.settings.store)
    if source.passed_over:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in source.passed_over.most_common())
        console.print(plain(f"files of other kinds are passed over: {kinds}"), markup=False)
    begin = time.perf_counter()
    with _progress() as told:
        manifest = predict_over(
            source,
            bundle,
            _target(here, asked.to),
            engine_of(asked.workers, asked.dask),
            home=here.home,
            limit=Limit(asked.max_refused),
            told=told,
        )
    return manifest, time.perf_counter() - begin


def engine_of(workers: int | None, dask: str | None) -> Engine:
    """Raises RejectedError when both are asked for."""
    from towpath.pipelines.scoring import Here, Processes

    if dask is not None:
        if workers is not None:
            raise RejectedError("--workers is of this machine, --dask of a cluster: give one of them")
        from towpath.pipelines.scoring.dask import Dask

        return Dask(dask)
    return Here() if workers in (None, 1) else Processes(workers or 1)


def summary(manifest: Manifest, seconds: float, to: str) -> Iterator[str]:
    """Lines to show."""
    totals = manifest.totals
    documents = totals.documents or 1
    speed = f" in {seconds:.1f} s, {totals.documents / seconds:.0f} documents/s" if seconds > 0 else ""
    yield f"{totals.documents} documents predicted by {manifest.model_name} {manifest.release_id}{speed}"
    shares = ", ".join(f"{name} {count / documents:.1%}" for name, count in totals.labels.items())
    yield f"{shares}; a person is asked about {totals.asked / documents:.1%}"
    cost = f"{totals.expected_cost:.2f} {manifest.unit}".strip()
    yield f"expected cost {cost} in all, {totals.expected_cost / documents:.4f} a document"
    if totals.truncated:
        yield f"{totals.truncated} were longer than the model reads, and cut off"
    if totals.refused:
        yield f"{totals.refused} rows were refused: {_refusals(to)} says which and why"
    yield to


def _refusals(to: str) -> str:
    return f"{to.removesuffix('.parquet')}.refused.ndjson" if to.endswith(".parquet") else f"{to}/_refused.ndjson"


def _target(here: Installed, to: str) -> Path | Place:
    from towpath.pipelines.scoring import Place

    if to.startswith("s3://"):
        return Place.of_store(here.settings.store, to.rstrip("/"))
    return Path(to)


@contextmanager
def _progress() -> Iterator[Told]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from towpath.pipelines.scoring import Told

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)
        yield Told(
            read=lambda count: progress.update(task, completed=count),
            total=lambda count: progress.reset(task, total=count, description="predicting"),
            done=lambda count: progress.update(task, completed=count),
        )
