"""The scheduled batch: what came over Kafka since last time, scored by the reigning release, below the store.

Each run's documents and predictions lie in `predictions/<release>/<snapshot>/`. Its manifest says how far the topic was
read: the next run of the same release begins there, and another release begins at the topic's start. A run that was
interrupted is finished first, from the documents that it had read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from towpath.pipelines.scoring import job
from towpath.pipelines.scoring import manifest as manifests
from towpath.pipelines.scoring.documents import Refusal, Row
from towpath.pipelines.scoring.engines import Engine
from towpath.pipelines.scoring.manifest import Manifest
from towpath.pipelines.scoring.places import BundleRef, Place, about, here, local_bundle
from towpath.pipelines.scoring.staging import REFUSED, Limit, Staged, stage
from towpath.pipelines.scoring.stream import Since

__all__ = ["Batch", "base_of"]

_MAX_REFUSALS_BYTES = 2**30


def base_of(release_id: str) -> str:
    """Where a release's predictions lie in the store."""
    return f"predictions/{release_id}"


@dataclass(frozen=True)
class Batch:
    """Scoring by one bundle into the store at `place`.

    Args:
        home: bundles that are not here are fetched below it.
        on_part: hears how many documents of a run are done.
    """

    bundle: BundleRef
    place: Place
    engine: Engine
    home: Path
    limit: Limit
    on_part: job.OnPart = lambda _: None

    def since_last_time(self, topic: str, read: Callable[[dict[int, int]], Since]) -> list[Manifest]:
        """Finish what was interrupted, then score what is new; the manifests of both, empty when there was nothing.

        Args:
            read: makes the reader from the offsets to begin at.

        Raises:
            TowpathError: it could not be finished; another call goes on.
        """
        finished = [self._resumed(key, found) for key, found in self._found(topic) if found.state == "running"]
        watermark: dict[int, int] = {}
        for _, found in self._found(topic):
            for partition, offset in found.until.items():
                watermark[int(partition)] = max(watermark.get(int(partition), 0), offset)
        new = self._new(read(watermark))
        return [*finished, *([] if new is None else [new])]

    def _new(self, reader: Since) -> Manifest | None:
        with tempfile.TemporaryDirectory(prefix="towpath-shards-") as folder:
            staged = stage(reader.rows(), Path(folder), limit=self.limit)
            if not staged.documents and not staged.refused:
                return None
            made = self._begun(staged, f"kafka:{reader.topic}")
            told = {
                "topic": reader.topic,
                "since": {str(partition): offset for partition, offset in reader.since.items()},
                "until": {str(partition): offset for partition, offset in reader.until.items()},
            }
            return self._score(staged, made.model_copy(update=told))

    def over(self, rows: Iterable[Row | Refusal], source: str) -> Manifest:
        """Score `rows` of a snapshot, or of any source; nothing is done when that has been done."""
        with tempfile.TemporaryDirectory(prefix="towpath-shards-") as folder:
            staged = stage(rows, Path(folder), limit=self.limit)
            known = job.checked(self._output(staged.id).open(), self.bundle.release_id, staged.id)
            return self._score(staged, known or self._begun(staged, source))

    def _begun(self, staged: Staged, source: str) -> Manifest:
        model = about(local_bundle(self.bundle, self.home / "bundles"), self.bundle.sha256)
        return job.new_manifest(model, self.bundle, staged, source, staged.id)

    def _score(self, staged: Staged, manifest: Manifest) -> Manifest:
        output = self._output(staged.id)
        if manifest.state == "complete":
            return manifest
        shards = job.upload(staged, output)
        return self._run(shards, output, staged.folder / REFUSED, manifest)

    def _resumed(self, key: str, found: Manifest) -> Manifest:
        output = self.place.below(f"{base_of(self.bundle.release_id)}/{key}")
        with tempfile.TemporaryDirectory(prefix="towpath-shards-") as folder:
            refusals = Path(folder) / REFUSED
            output.open().get_file(f"{job.INPUT}/{REFUSED}", refusals, max_bytes=_MAX_REFUSALS_BYTES)
            return self._run(output.below(job.INPUT), output, refusals, found)

    def _run(self, shards: Place, output: Place, refusals: Path, manifest: Manifest) -> Manifest:
        ref = self.bundle if self.engine.elsewhere else here(self.bundle, self.home / "bundles")
        return job.score_shards(job.Order(ref, shards, output, refusals, self.engine), manifest, self.on_part)

    def _found(self, topic: str) -> Iterator[tuple[str, Manifest]]:
        base = base_of(self.bundle.release_id)
        for key in self.place.open().names(base):
            found = manifests.read(self.place.below(f"{base}/{key}").open())
            if found is not None and found.topic == topic:
                yield key, found

    def _output(self, identity: str) -> Place:
        return self.place.below(f"{base_of(self.bundle.release_id)}/{identity.removeprefix('sha256:')[:32]}")
