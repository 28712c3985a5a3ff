"""Whether a snapshot is what its id says, and one as messages for a run."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import json_format

from towpath.core.errors import ConflictError, CrashError
from towpath.pipelines.snapshots.content import identity
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.growth import everything, whole
from towpath.pipelines.snapshots.lookup import Part
from towpath.pipelines.snapshots.manifest import Manifest
from towpath.pipelines.snapshots.tally import Reading, Tally

__all__ = ["check_whole", "verify", "write_messages"]


def check_whole(manifest: Manifest) -> None:
    """Raises ConflictError when a document of it was forgotten; says which, and when."""
    if manifest.forgotten:
        first, more = manifest.forgotten[0], len(manifest.forgotten) - 1
        raise ConflictError(
            f"the document {first.document}{f' and {more} more' if more else ''} was forgotten on {first.at:%Y-%m-%d}, "
            f"so the snapshot {manifest.id} is no longer whole: make another (towpath data snapshot)"
        )


def verify(depot: Depot, manifest: Manifest) -> None:
    """Read all of it; of one of which something was forgotten, what is left.

    Raises:
        CrashError: a chunk was changed, or it is not what its id says; names it. RetryableError: the store is away.
    """
    _check(manifest, whole(depot, manifest, Reading(manifest.dated)))


def write_messages(depot: Depot, manifest: Manifest, folder: Path) -> tuple[Path, Path]:
    """Its documents, also those that nobody has annotated, and annotations as a run takes them: canonical JSON, a line
    each; (documents, annotations).

    Raises:
        ConflictError: it is no longer whole.
        CrashError: a chunk was changed, or it is not what its id says; names it. RetryableError: the store is away.
    """
    check_whole(manifest)
    part = everything(depot, manifest)
    tally = Tally()
    tally.add(part, Reading(manifest.dated))
    _check(manifest, tally)
    folder.mkdir(parents=True, exist_ok=True)
    return _write(part, folder)


def _check(manifest: Manifest, found: Tally) -> None:
    right = found.content.text == manifest.state
    if not right or not (manifest.forgotten or identity(found.content) == manifest.id):
        raise CrashError(f"{manifest.name}: its chunks are not what its id {manifest.id} says: it was changed")


def _write(part: Part, folder: Path) -> tuple[Path, Path]:
    files = folder / "documents.ndjson", folder / "annotations.ndjson"
    for file, messages in zip(files, (part.documents.values(), part.words.values()), strict=True):
        with file.open("w", encoding="utf-8") as out:
            for each in messages:
                out.write(json_format.MessageToJson(each, indent=None, ensure_ascii=False) + "\n")
    return files
