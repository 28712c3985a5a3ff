"""`_manifest.json` of a folder of predictions: what of, by whom, how far. It is written last, and believed."""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.store import Store

__all__ = ["FORMAT", "MANIFEST", "Input", "Manifest", "Part", "Refused", "Shard", "Totals", "read", "write"]

FORMAT: Literal["towpath-predictions/1"] = "towpath-predictions/1"
MANIFEST = "_manifest.json"
_MAX_BYTES = 256 * 2**20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Shard(_Part):
    """A piece of the input. `sha256` is of its documents' ids and texts."""

    name: str
    rows: int
    sha256: str

    @property
    def part(self) -> str:
        """Name of its predictions' file."""
        return f"part-{self.name.removeprefix('shard-')}"


class Refused(_Part):
    """A document that the model could not take."""

    file: str
    line: int
    reason: str


class Part(_Part):
    """Predictions of one shard; `sha256` is of the file."""

    name: str
    rows: int
    bytes: int
    sha256: str
    expected_cost: float
    asked: int
    truncated: int
    labels: dict[str, int]
    refused: tuple[Refused, ...] = ()


class Input(_Part):
    """What was read. `version` follows from files' names, sizes and times, `id` from the documents alone."""

    source: str
    version: str
    id: str
    documents: int
    refused: int


class Totals(_Part):
    """Sums over all parts; `expected_cost` in the objective's unit."""

    documents: int = 0
    refused: int = 0
    expected_cost: float = 0.0
    asked: int = 0
    truncated: int = 0
    labels: dict[str, int] = {}


class Manifest(_Part):
    format: Literal["towpath-predictions/1"] = FORMAT
    state: Literal["running", "complete"] = "running"
    model_name: str
    release_id: str
    bundle_sha256: str
    objective_hash: str
    unit: str
    classes: tuple[str, ...]
    input: Input
    shards: tuple[Shard, ...]
    parts: tuple[Part, ...] = ()
    topic: str = Field("", description="where the documents came from, when that was Kafka")
    since: dict[str, int] = Field({}, description="first offset by partition")
    until: dict[str, int] = Field({}, description="next offset by partition: where the next run begins")
    started_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    scored_at: datetime | None = None

    @property
    def totals(self) -> Totals:
        return Totals(
            documents=sum(each.rows for each in self.parts),
            refused=self.input.refused + sum(len(each.refused) for each in self.parts),
            expected_cost=math.fsum(each.expected_cost for each in self.parts),
            asked=sum(each.asked for each in self.parts),
            truncated=sum(each.truncated for each in self.parts),
            labels={name: sum(each.labels.get(name, 0) for each in self.parts) for name in self.classes},
        )


def read(store: Store) -> Manifest | None:
    """The folder's manifest, None where there is none yet.

    Raises:
        RejectedError: it is not one, or of another version.
        RetryableError: the store is away.
    """
    try:
        raw = store.read(MANIFEST, max_bytes=_MAX_BYTES)
    except NotFoundError:
        return None
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RejectedError(
            f"{store.url.url}/{MANIFEST} is not of {FORMAT}: {where}: {first['msg']}; name another folder"
        ) from None


def write(store: Store, manifest: Manifest) -> None:
    """Whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="towpath-") as folder:
        file = Path(folder) / MANIFEST
        file.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        store.put_file(file, MANIFEST)
