"""What a snapshot is made of: a file of canonical JSON that names chunks by their content."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from towpath.core.errors import CrashError
from towpath.pipelines.snapshots.content import identity
from towpath.pipelines.snapshots.multiset import Multiset

__all__ = ["KINDS", "Chunk", "Forgotten", "Kind", "Manifest", "key_of"]

Kind = Literal["documents", "annotations"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_MAX_NAMED = 32


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Chunk(_Part):
    """A Parquet file, named by its SHA-256."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)


class Forgotten(_Part):
    """`document` is "sha256:…" of the document's id, so that the word of it does not keep it."""

    document: str
    at: datetime


class Manifest(_Part):
    """A snapshot: everything on the topics `topics` up to `offsets`, which was all there was as of a moment.

    Args:
        topics: by name, what tells a topic from another of its name.
        offsets: the first offset that is not in it, of each "topic/partition".
        objective: hash of the one that `classes` are by; empty where raters' words are counted as they are.
        documents, annotations: chunks, of which a later one's word on an annotation takes the place of an earlier
            one's.
        held: documents that nobody has annotated, which are kept for the day that somebody does.
        raters: annotations that count, by rater; `classes`: annotated documents by class, "" for those without one.
        state: the sum behind `id`; of what is left, where documents were forgotten.
        gaps: what Kafka no longer had when it was read.
    """

    format: Literal[1] = 1
    id: str = Field(pattern="^sha256:[0-9a-f]{64}$")
    as_of: datetime
    prefix: str
    topics: dict[str, str]
    offsets: dict[str, int]
    dated: bool = False
    objective: str = ""
    documents: tuple[Chunk, ...] = ()
    annotations: tuple[Chunk, ...] = ()
    document_count: int = 0
    annotation_count: int = 0
    held: int = 0
    raters: dict[str, int] = {}
    classes: dict[str, int] = {}
    state: str
    parent: str = ""
    gaps: tuple[str, ...] = ()
    forgotten: tuple[Forgotten, ...] = ()

    @property
    def name(self) -> str:
        """Of its file: sorts by moment, and says which snapshot and which cut of the topics it is."""
        at = self.as_of.astimezone(UTC)
        cut = hashlib.sha256(_canonical(self.offsets)).hexdigest()[:10]
        return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z-{key_of(self.id)}-{cut}.json"

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        return (*self.documents, *self.annotations)

    @property
    def size(self) -> int:
        """Bytes of its chunks, which other snapshots may share."""
        return sum(each.bytes for each in self.chunks)

    def changed(self, **changes: Any) -> Manifest:
        return self.model_copy(update=changes)

    def to_json(self) -> bytes:
        told = self.model_dump(mode="json", by_alias=True)
        told["digest"] = hashlib.sha256(_canonical(told)).hexdigest()
        return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Manifest:
        """Raises CrashError when it is none, or was changed by hand; `where` names the file."""
        try:
            told = json.loads(data)
            digest = told.pop("digest", "")
            made = cls.model_validate(told)
            right = hashlib.sha256(_canonical(told)).hexdigest() == digest
        except (ValueError, AttributeError, TypeError, ValidationError) as error:
            raise CrashError(f"{where}: is no snapshot's manifest: {str(error)[:300]}") from error
        if not right or not (made.forgotten or identity(Multiset.from_text(made.state)) == made.id):
            raise CrashError(f"{where}: was changed by hand: its digest is not that of what it says")
        return made


def key_of(snapshot_id: str) -> str:
    """How files call a snapshot."""
    return snapshot_id.removeprefix("sha256:")[:_MAX_NAMED]


def _canonical(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
