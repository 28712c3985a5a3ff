"""Parts as one file, which carries the manifest in its metadata."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from towpath.core.errors import ConflictError
from towpath.pipelines.scoring.manifest import Manifest
from towpath.pipelines.scoring.score import predictions_schema
from towpath.pipelines.scoring.staging import REFUSED

__all__ = ["check", "join", "manifest_of"]

_KEY = b"towpath.predictions"


def manifest_of(file: Path) -> Manifest | None:
    """The manifest in `file`, None where there is no file.

    Raises:
        ConflictError: there is another file.
    """
    if not file.exists():
        return None
    try:
        said = (pq.read_schema(file).metadata or {}).get(_KEY)
        if said is None:
            raise ConflictError("has no predictions in it and is not overwritten: name another file", where=str(file))
        return Manifest.model_validate_json(said)
    except (pa.ArrowException, OSError, ValidationError) as error:
        raise ConflictError(f"is in the way, and no file of predictions: {error}", where=str(file)) from None


def check(file: Path, there: Manifest, release_id: str, version: str) -> None:
    """Raises ConflictError when `file` holds other predictions than those that are wanted."""
    if there.release_id != release_id:
        raise ConflictError(
            f"has predictions of {there.release_id}, and {release_id} is to predict now: name another file",
            where=str(file),
        )
    if there.input.version != version:
        raise ConflictError(
            f"has predictions over {there.input.source} as it was then: it has changed, or is read otherwise. "
            "Name another file",
            where=str(file),
        )


def join(folder: Path, manifest: Manifest, file: Path) -> None:
    """The parts in order, whole or not at all; refusals, if any, beside it as NAME.refused.ndjson."""
    told = {_KEY: manifest.model_dump_json().encode()}
    schema = predictions_schema(manifest.classes).with_metadata(told)
    half = file.with_name(f".{file.name}.part")
    with pq.ParquetWriter(half, schema, compression="zstd", write_page_checksum=True) as writer:
        for part in manifest.parts:
            with pq.ParquetFile(folder / part.name, page_checksum_verification=True) as source:
                for group in range(source.num_row_groups):
                    writer.write_table(source.read_row_group(group).cast(schema))
    if (folder / REFUSED).exists():
        (folder / REFUSED).replace(file.with_name(f"{file.stem}.refused.ndjson"))
    half.replace(file)
