"""Predictions over shards: goes on where it stopped, does nothing twice, and never mixes releases."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from towpath.core.errors import ConflictError
from towpath.core.store import Store
from towpath.pipelines.scoring import manifest as manifests
from towpath.pipelines.scoring.documents import Refusal
from towpath.pipelines.scoring.engines import Engine
from towpath.pipelines.scoring.manifest import Input, Manifest, Part
from towpath.pipelines.scoring.places import About, BundleRef, Place
from towpath.pipelines.scoring.staging import REFUSED, Staged
from towpath.pipelines.scoring.task import Task

__all__ = ["INPUT", "OnPart", "Order", "checked", "new_manifest", "score_shards", "upload"]

INPUT = "_input"
# A manifest of many parts is long: what is lost when this process is killed is scored again.
_NOTED_EVERY_S = 1.0
OnPart = Callable[[int], None]
"""Hears how many documents are done."""


@dataclass(frozen=True)
class Order:
    """What to score with what, and where to.

    Args:
        shards: where the manifest's shards lie.
        refusals: the file with those of staging.
    """

    bundle: BundleRef
    shards: Place
    output: Place
    refusals: Path
    engine: Engine


def new_manifest(about: About, bundle: BundleRef, staged: Staged, source: str, version: str) -> Manifest:
    """Of a folder in which nothing is done yet."""
    return Manifest(
        model_name=about.model_name,
        release_id=about.release_id,
        bundle_sha256=bundle.sha256,
        objective_hash=about.objective_hash,
        unit=about.unit,
        classes=about.classes,
        input=Input(source=source, version=version, id=staged.id, documents=staged.documents, refused=staged.refused),
        shards=staged.shards,
    )


def checked(store: Store, release_id: str, input_id: str | None = None) -> Manifest | None:
    """The manifest that is there, when it may be gone on with.

    Raises:
        ConflictError: there are predictions of another release, or over another input.
    """
    found = manifests.read(store)
    if found is None:
        return None
    if found.release_id != release_id:
        raise ConflictError(
            f"{store.url.url} has predictions of {found.release_id}, and {release_id} is to predict now: releases are "
            "not mixed. Name another place"
        )
    if input_id is not None and found.input.id != input_id:
        raise ConflictError(
            f"{store.url.url} has predictions over {found.input.source} as it was ({found.input.id[:20]}…), and it is "
            f"{input_id[:20]}… now. Name another place"
        )
    return found


def upload(staged: Staged, output: Place) -> Place:
    """Shards to where the predictions will be, for other machines and other days."""
    store = output.open()
    for name in [*(each.name for each in staged.shards), REFUSED]:
        store.put_file(staged.folder / name, f"{INPUT}/{name}")
    return output.below(INPUT)


def score_shards(order: Order, manifest: Manifest, on_part: OnPart = lambda _: None) -> Manifest:
    """Score what is missing of `manifest`; returns it, complete.

    Raises:
        TowpathError: some part could not be made; those that were are kept, and another call goes on.
    """
    store = order.output.open()
    if manifest.state == "complete":
        return manifest
    progress = _Progress(store, manifest)
    on_part(progress.documents)
    try:
        for part in order.engine.run(_tasks(order, manifest)):
            on_part(progress.add(part))
    finally:
        progress.note()
    return _finish(store, progress.manifest, order.refusals)


def _tasks(order: Order, manifest: Manifest) -> list[Task]:
    done = {part.name for part in manifest.parts}
    return [
        Task(shard, order.shards, order.output, order.bundle, order.engine.threads)
        for shard in manifest.shards
        if shard.part not in done
    ]


class _Progress:
    """The manifest as it grows, in the store about once a second."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store, self._begun = store, manifest
        self._parts = {part.name: part for part in manifest.parts}
        self.documents = sum(part.rows + len(part.refused) for part in manifest.parts)
        self.note()

    @property
    def manifest(self) -> Manifest:
        names = (shard.part for shard in self._begun.shards)
        parts = tuple(self._parts[name] for name in names if name in self._parts)
        return self._begun.model_copy(update={"parts": parts})

    def add(self, part: Part) -> int:
        """Documents that are done by now."""
        self._parts[part.name] = part
        self.documents += part.rows + len(part.refused)
        if time.monotonic() - self._noted > _NOTED_EVERY_S:
            self.note()
        return self.documents

    def note(self) -> None:
        manifests.write(self._store, self.manifest)
        self._noted = time.monotonic()


def _finish(store: Store, manifest: Manifest, refusals: Path) -> Manifest:
    with refusals.open("a", encoding="utf-8") as out:
        for part in manifest.parts:
            out.writelines(Refusal(each.file, each.line, each.reason).to_json() + "\n" for each in part.refused)
    if manifest.totals.refused:
        store.put_file(refusals, REFUSED)
    done = manifest.model_copy(update={"state": "complete", "scored_at": datetime.now(UTC)})
    manifests.write(store, done)
    return done
