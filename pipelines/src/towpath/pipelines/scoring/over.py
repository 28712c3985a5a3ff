"""`towpath predict --over`: a source on this machine or in a bucket, to a folder or to one file."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from towpath.core.errors import ConflictError
from towpath.pipelines.scoring import job, single
from towpath.pipelines.scoring.documents import documents_of
from towpath.pipelines.scoring.engines import Engine
from towpath.pipelines.scoring.manifest import Manifest
from towpath.pipelines.scoring.places import BundleRef, Place, about, here, local_bundle
from towpath.pipelines.scoring.score import CHUNK
from towpath.pipelines.scoring.staging import REFUSED, Limit, stage
from towpath.preparation.sources import Source

__all__ = ["Told", "predict_over"]


def _nobody(_: int) -> None:
    pass


@dataclass(frozen=True)
class Told:
    """Who hears of it: how many documents were read, how many there are, how many are predicted."""

    read: Callable[[int], None] = _nobody
    total: Callable[[int], None] = _nobody
    done: Callable[[int], None] = _nobody


def predict_over(
    source: Source,
    bundle: BundleRef,
    to: Path | Place,
    engine: Engine,
    *,
    home: Path,
    shard_rows: int = 8 * CHUNK,
    limit: Limit | None = None,
    told: Told | None = None,
) -> Manifest:
    """Predict every document of `source`; called again, it goes on where it stopped, or finds that all is done.

    Args:
        to: a folder for a part each shard; a path that ends in .parquet gets everything in one file.
        home: bundles that are not here are fetched below it.

    Raises:
        ConflictError: there are predictions of another release or over another input, or another process writes there.
        RejectedError: the source is damaged, too much of it is unusable, or the bundle is none.
        RetryableError: a store is away.
    """
    run = _Run(source, bundle, engine, home, shard_rows, limit, told or Told())
    return run.to_file(to) if isinstance(to, Path) and to.suffix == ".parquet" else run.to_parts(to)


@dataclass(frozen=True)
class _Run:
    source: Source
    bundle: BundleRef
    engine: Engine
    home: Path
    shard_rows: int
    limit: Limit | None
    told: Told

    def to_file(self, file: Path) -> Manifest:
        if (there := single.manifest_of(file)) is not None:
            single.check(file, there, self.bundle.release_id, self.source.version)
            return there
        parts = file.with_name(f".{file.name}.parts")
        made = self.to_parts(parts)
        single.join(parts, made, file)
        shutil.rmtree(parts)
        return made

    def to_parts(self, to: Path | Place) -> Manifest:
        output = Place.of_folder(to) if isinstance(to, Path) else to
        with _workspace(to if isinstance(to, Path) else None) as folder:
            there = job.checked(output.open(), self.bundle.release_id)
            if there is not None and there.state == "complete" and there.input.version == self.source.version:
                return there
            made = self._scored(output, folder)
        if isinstance(to, Path):
            shutil.rmtree(to / job.INPUT, ignore_errors=True)
        return made

    def _scored(self, output: Place, folder: Path) -> Manifest:
        local = here(self.bundle, self.home / "bundles")
        model = about(local_bundle(local, self.home), self.bundle.sha256)
        rows = documents_of(self.source)
        staged = stage(rows, folder, shard_rows=self.shard_rows, limit=self.limit, on_read=self.told.read)
        self.told.total(staged.documents)
        known = job.checked(output.open(), self.bundle.release_id, staged.id)
        manifest = known or job.new_manifest(model, self.bundle, staged, self.source.name, self.source.version)
        if manifest.shards != staged.shards:
            manifest = manifest.model_copy(update={"shards": staged.shards, "parts": ()})
        shards = job.upload(staged, output) if self.engine.elsewhere else Place.of_folder(folder)
        ref = self.bundle if self.engine.elsewhere else local
        return job.score_shards(job.Order(ref, shards, output, folder / REFUSED, self.engine), manifest, self.told.done)


@contextmanager
def _workspace(beside: Path | None) -> Iterator[Path]:
    """A folder for shards: on the disk of the output, where that is here, and for one process at a time."""
    if beside is None:
        with tempfile.TemporaryDirectory(prefix="towpath-shards-") as made:
            yield Path(made)
        return
    with (beside / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError("another process is writing predictions there", where=str(beside)) from None
        shards = beside / ".shards"
        # Of a process that was killed.
        shutil.rmtree(shards, ignore_errors=True)
        try:
            yield shards
        finally:
            shutil.rmtree(shards, ignore_errors=True)
