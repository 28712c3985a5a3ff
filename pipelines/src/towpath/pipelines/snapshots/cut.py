"""The topics as they were at a moment: from which offset to which, and the messages between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from towpath.core.errors import DeadLetterError, RejectedError, RetryableError
from towpath.core.stream import Broker, Codec, Consumer, Partition, Record, Registry
from towpath.pipelines.snapshots.manifest import KINDS, Kind
from towpath.v1 import Annotation, Document

__all__ = ["Batch", "Cut", "cut_at", "first_moment", "open_reader", "read"]

_log = structlog.get_logger(__name__)
_CLIENT = "towpath-snapshot"
_POLL_S, _MAX_RECORDS, _SILENT_POLLS = 0.5, 2000, 60
_MESSAGES: dict[Kind, type[Document] | type[Annotation]] = {"documents": Document, "annotations": Annotation}


@dataclass(frozen=True)
class Cut:
    """`ends`: of each "topic/partition" the first offset that is not in it; `begins`: the first that Kafka still has.

    Topics are named without the installation's prefix. `topics`: what tells each from another of its name.
    """

    as_of: datetime
    ends: dict[str, int]
    begins: dict[str, int]
    topics: dict[str, str]


@dataclass
class Batch:
    """Messages in order within a partition, and how far they go."""

    documents: list[Document] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.documents) + len(self.annotations)


def open_reader(broker: Broker, registry: Registry) -> Consumer:
    """Of both topics, as a reader without a group; for the other functions here.

    Raises:
        RetryableError: Kafka is away, or has no such topics.
    """
    return broker.consumer([registry.full_name(name) for name in KINDS], group=None, client_id=_CLIENT)


def cut_at(reader: Consumer, registry: Registry, as_of: datetime | None) -> Cut:
    """The topics now, or as they were at `as_of`: by the moments at which Kafka was given the messages.

    Raises:
        RejectedError: the moment is to come.
        RetryableError: Kafka is away.
    """
    now = datetime.now(UTC)
    if as_of is not None and as_of > now:
        raise RejectedError(f"{as_of.isoformat()} is to come: it is {now.isoformat(timespec='seconds')}")
    # With the moment itself: the first record after it is the first that is not in it.
    found = reader.end_offsets() if as_of is None else reader.offsets_at(int(as_of.timestamp() * 1000) + 1)
    begins, ids = reader.begin_offsets(), reader.topic_ids()
    topics: dict[str, str] = {name: ids[registry.full_name(name)] for name in KINDS}
    return Cut(as_of or now, _named(found, registry), _named(begins, registry), topics)


def read(reader: Consumer, registry: Registry, since: Mapping[str, int], cut: Cut, most: int) -> Iterator[Batch]:
    """What came after `since`, up to the cut, in batches of about `most` messages.

    Raises:
        RetryableError: Kafka went away, or gave nothing for half a minute.
    """
    ends = {each: cut.ends.get(_name(each, registry), 0) for each in reader.assignment()}
    reader.seek({each: max(since.get(key := _name(each, registry), 0), cut.begins.get(key, 0)) for each in ends})
    batch = Batch()
    for records in _polled(reader, ends, min(most, _MAX_RECORDS)):
        for record in records:
            _take(batch, record, registry)
        if len(batch) >= most:
            yield _closed(batch, reader, ends, registry)
            batch = Batch()
    yield _closed(batch, reader, ends, registry)


def first_moment(reader: Consumer) -> datetime | None:
    """About when the oldest message that Kafka still has was written; None where it has none."""
    ends, begins = reader.end_offsets(), reader.begin_offsets()
    wanted = sum(begin < ends[each] for each, begin in begins.items())
    reader.seek(begins)
    stamps, silent = dict[Partition, int](), 0
    while len(stamps) < wanted and silent < _SILENT_POLLS:
        records = reader.poll(timeout_s=_POLL_S, max_records=_MAX_RECORDS).records
        silent = 0 if records else silent + 1
        for each in records:
            stamps.setdefault(Partition(each.topic, each.partition), each.timestamp_ms)
        reader.pause(list(stamps))
    return datetime.fromtimestamp(min(stamps.values()) / 1000, UTC) if stamps else None


def _polled(reader: Consumer, ends: Mapping[Partition, int], at_once: int) -> Iterator[list[Record]]:
    """Records before `ends`, until all of them are reached."""
    silent, open_ = 0, set(ends)
    while True:
        # What has come to its end is not asked for what came later.
        done = {each for each in open_ if reader.position(each) >= ends[each]}
        reader.pause(sorted(done))
        if not (open_ := open_ - done):
            return
        records = reader.poll(timeout_s=_POLL_S, max_records=at_once).records
        silent = 0 if records else silent + 1
        if silent > _SILENT_POLLS:
            topics = ", ".join(sorted({each.topic for each in open_}))
            raise RetryableError(f"{topics} gave nothing more before its end was reached")
        yield [each for each in records if each.offset < ends[Partition(each.topic, each.partition)]]


def _take(batch: Batch, record: Record, registry: Registry) -> None:
    if record.value is None:
        return
    kind: Kind = "documents" if record.topic == registry.full_name("documents") else "annotations"
    try:
        message = Codec().decode(record, _MESSAGES[kind]).message
    except DeadLetterError as error:
        batch.unreadable += 1
        where = f"{record.partition}/{record.offset}"
        _log.warning("snapshot.unreadable", topic=record.topic, at=where, reason=str(error)[:300])
        return
    getattr(batch, kind).append(message)


def _closed(batch: Batch, reader: Consumer, ends: Mapping[Partition, int], registry: Registry) -> Batch:
    batch.offsets = {_name(each, registry): min(reader.position(each), end) for each, end in ends.items()}
    return batch


def _named(offsets: Mapping[Partition, int], registry: Registry) -> dict[str, int]:
    return {_name(each, registry): offset for each, offset in sorted(offsets.items())}


def _name(partition: Partition, registry: Registry) -> str:
    return f"{partition.topic.removeprefix(registry.prefix)}/{partition.number}"
