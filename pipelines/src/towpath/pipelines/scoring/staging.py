"""The input as shards: Parquet files of some thousand documents, each named by its content.

Shards end where a chunk ends (`score.CHUNK`), so that the same texts meet in the model whatever the size of shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from towpath.core.errors import RejectedError
from towpath.pipelines.scoring.documents import Refusal, Row
from towpath.pipelines.scoring.manifest import Shard
from towpath.pipelines.scoring.score import CHUNK, DOCUMENTS

__all__ = ["REFUSED", "Limit", "Staged", "stage"]

REFUSED = "_refused.ndjson"
# However many documents: a shard's texts are no more than these characters, and those of one chunk.
_MAX_SHARD_CHARS = 32_000_000


@dataclass(frozen=True)
class Staged:
    """Shards in `folder`, and beside them `_refused.ndjson`. `id` follows from ids and texts alone."""

    folder: Path
    id: str
    shards: tuple[Shard, ...]
    refused: int

    @property
    def documents(self) -> int:
        return sum(each.rows for each in self.shards)


@dataclass(frozen=True)
class Limit:
    """How many rows may be unusable: `minimum`, or `share` of them where that is more."""

    share: float = 0.1
    minimum: int = 100

    def check(self, refused: int, rows: int, last: Refusal | None) -> None:
        """Raises RejectedError when there are more."""
        if last is not None and refused > max(self.minimum, self.share * rows):
            raise RejectedError(
                f"{refused} of the first {rows} rows cannot be used, the last for: {last.reason}. Mend the source, "
                "or allow more with --max-refused",
                where=f"{last.file}:{last.line}",
            )


@dataclass
class _Open:
    """The shard that is being written."""

    writer: pq.ParquetWriter
    file: Path
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    rows: int = 0
    chars: int = 0


def stage(
    rows: Iterable[Row | Refusal],
    folder: Path,
    *,
    shard_rows: int = 8 * CHUNK,
    limit: Limit | None = None,
    on_read: Callable[[int], None] = lambda _: None,
) -> Staged:
    """Write `rows` as shards to `folder`.

    Args:
        shard_rows: at most in a shard, rounded up to whole chunks.
        on_read: hears how many documents were read so far.

    Raises:
        RejectedError: too many rows are unusable, or the source is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _Shards(folder, shard_rows, limit or Limit()) as made:
        for chunk in made.chunks(rows):
            made.add(chunk)
            on_read(made.documents)
    return Staged(folder, "sha256:" + made.digest.hexdigest(), tuple(made.shards), made.refused)


class _Shards:
    def __init__(self, folder: Path, shard_rows: int, limit: Limit) -> None:
        self.folder, self._limit = folder, limit
        self._shard_rows = -(-shard_rows // CHUNK) * CHUNK
        self._refusals = (folder / REFUSED).open("w", encoding="utf-8")
        self._open: _Open | None = None
        self.digest, self.shards = hashlib.sha256(), list[Shard]()
        self.documents = self.refused = 0

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._refusals.close()

    def chunks(self, rows: Iterable[Row | Refusal]) -> Iterator[list[Row]]:
        good = self._good(rows)
        while chunk := list(islice(good, CHUNK)):
            yield chunk

    def _good(self, rows: Iterable[Row | Refusal]) -> Iterator[Row]:
        for count, row in enumerate(rows, start=1):
            if isinstance(row, Row):
                yield row
                continue
            self.refused += 1
            self._refusals.write(row.to_json() + "\n")
            self._limit.check(self.refused, count, row)

    def add(self, chunk: list[Row]) -> None:
        columns = ([getattr(row, field.name) for row in chunk] for field in DOCUMENTS)
        arrays = [pa.array(values, type=field.type) for values, field in zip(columns, DOCUMENTS, strict=True)]
        shard = self._open or self._begin()
        shard.writer.write_table(pa.Table.from_arrays(arrays, schema=DOCUMENTS), row_group_size=CHUNK)
        digest = _digest(chunk)
        self.digest.update(digest)
        shard.digest.update(digest)
        shard.rows += len(chunk)
        shard.chars += sum(len(row.text) for row in chunk)
        self.documents += len(chunk)
        if shard.rows >= self._shard_rows or shard.chars >= _MAX_SHARD_CHARS:
            self._close()

    def _begin(self) -> _Open:
        file = self.folder / f"shard-{len(self.shards):05d}.part"
        writer = pq.ParquetWriter(file, DOCUMENTS, compression="zstd", write_page_checksum=True)
        self._open = _Open(writer, file)
        return self._open

    def _close(self) -> None:
        if (shard := self._open) is None:
            return
        shard.writer.close()
        sha256 = shard.digest.hexdigest()
        name = f"shard-{len(self.shards):05d}-{sha256[:16]}.parquet"
        shard.file.replace(self.folder / name)
        self.shards.append(Shard(name=name, rows=shard.rows, sha256=sha256))
        self._open = None


def _digest(chunk: list[Row]) -> bytes:
    digest = hashlib.sha256()
    for row in chunk:
        identity, text = row.document_id.encode(), row.text.encode()
        digest.update(b"%d:%d:" % (len(identity), len(text)) + identity + text)
    return digest.digest()
