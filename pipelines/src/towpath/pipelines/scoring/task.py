"""Scoring one shard: the work that a process, here or on another machine, is given."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from towpath.core.errors import CrashError
from towpath.pipelines.scoring.manifest import Part, Refused, Shard
from towpath.pipelines.scoring.places import BundleRef, Place, model_of, sha256_of
from towpath.pipelines.scoring.score import Scored, Scorer, predictions_schema, score

__all__ = ["Task", "score_shard"]

_MAX_SHARD_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Task:
    """Paths and hashes only: neither documents nor models travel with it, and nothing that would be unpickled."""

    shard: Shard
    input: Place
    output: Place
    bundle: BundleRef
    threads: int | None = None


def score_shard(task: Task) -> Part:
    """Score it and write the part, whole or not at all. The same task gives the same bytes.

    Raises:
        RejectedError: the bundle is none, or another one.
        RetryableError: the store is away.
        CrashError: the shard is damaged.
    """
    model = model_of(task.bundle, task.threads)
    with tempfile.TemporaryDirectory(prefix="towpath-score-") as folder:
        given, made = Path(folder) / "input.parquet", Path(folder) / task.shard.part
        task.input.open().get_file(task.shard.name, given, max_bytes=_MAX_SHARD_BYTES)
        part = _write(model, given, made, task.shard)
        task.output.open().put_file(made, made.name)
    return part


def _write(model: Scorer, given: Path, made: Path, shard: Shard) -> Part:
    costs, refused = list[float](), list[Refused]()
    labels = Counter[str]()
    rows = asked = truncated = 0
    schema = predictions_schema(model.classes)
    with pq.ParquetWriter(made, schema, compression="zstd", write_page_checksum=True) as writer:
        for documents in _chunks(given, shard):
            scored = score(model, documents)
            writer.write_table(scored.table)
            refused.extend(_refused(documents, scored))
            costs.extend(scored.table["expected_cost"].to_pylist())
            labels.update(scored.table["label"].to_pylist())
            rows += scored.table.num_rows
            asked += scored.table["decision"].to_pylist().count("ask-person")
            truncated += sum(scored.table["truncated"].to_pylist())
    return Part(
        name=made.name,
        rows=rows,
        bytes=made.stat().st_size,
        sha256=sha256_of(made),
        expected_cost=math.fsum(costs),
        asked=asked,
        truncated=truncated,
        labels=dict(sorted(labels.items())),
        refused=tuple(refused),
    )


def _chunks(given: Path, shard: Shard) -> Iterator[pa.Table]:
    """As they were staged: one a row group."""
    try:
        with pq.ParquetFile(given, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)
    except (pa.ArrowException, OSError) as error:
        raise CrashError(f"{shard.name}: the shard is damaged: {error}; run again to stage it anew") from error


def _refused(documents: pa.Table, scored: Scored) -> list[Refused]:
    if not scored.refused:
        return []
    files, lines = documents["file"].to_pylist(), documents["line"].to_pylist()
    return [Refused(file=files[at], line=lines[at], reason=reason) for at, reason in scored.refused]
