"""Making a snapshot: from the one before it and what came since, or from all that Kafka has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from towpath.core.errors import ConflictError, CrashError, RejectedError, RetryableError
from towpath.core.store import being_forgotten_in, forgotten_in
from towpath.core.stream import Broker, Consumer, Registry
from towpath.pipelines.snapshots.cut import Cut, cut_at, first_moment, open_reader, read
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.growth import Growth, alike
from towpath.pipelines.snapshots.manifest import Manifest
from towpath.pipelines.snapshots.tally import Reading

__all__ = ["Made", "Tell", "make"]

Tell = Callable[[str, int, int], None]
"""(what is done, how far it is, how far it goes)."""

BATCH = 100_000
_UNFINISHED = "unfinished.json"


@dataclass(frozen=True)
class Made:
    """`messages` were read for it; `warnings` are for people. `known`: it was there already."""

    manifest: Manifest
    parent: Manifest | None
    messages: int
    known: bool = False
    warnings: tuple[str, ...] = ()


@dataclass
class _Making:
    reader: Consumer
    registry: Registry
    depot: Depot
    reading: Reading
    tell: Tell
    warnings: list[str] = field(default_factory=list)


def make(
    broker: Broker,
    registry: Registry,
    depot: Depot,
    reading: Reading,
    *,
    as_of: datetime | None = None,
    full: bool = False,
    batch: int = BATCH,
    tell: Tell = lambda *_: None,
) -> Made:
    """A snapshot of the topics as of a moment (now when None), in the depot.

    One that was interrupted goes on where it was. `full` reads all that Kafka has, whatever is there.

    Raises:
        RejectedError: nothing was there at that moment, or it is to come.
        ConflictError: a document is being forgotten.
        CrashError: a file of the snapshot before was changed; names it.
        RetryableError: Kafka or the store went away; what is there stays, and the next try goes on.
    """
    with open_reader(broker, registry) as reader:
        return _make(_Making(reader, registry, depot, reading, tell), as_of, full, batch)


def _make(work: _Making, as_of: datetime | None, full: bool, batch: int) -> Made:
    depot = work.depot
    cut = cut_at(work.reader, work.registry, as_of)
    parent = None if full else _parent(work, cut)
    started = None if full else _unfinished(work, cut, parent)
    begin = started or parent
    gaps = _gaps(cut, begin)
    _check_there(work, cut, begin, as_of)
    if parent is not None and started is None and parent.offsets == cut.ends and alike(parent, work.reading):
        return Made(parent, parent, 0, known=True, warnings=tuple(work.warnings))
    forgotten = _forgotten(depot)
    growth = Growth(depot, work.reading, begin, forgotten)
    messages = _grow(work, growth, cut, begin, batch, gaps)
    made = growth.manifest(cut, work.registry.prefix, parent.id if parent is not None else "", gaps)
    if forgotten_in(depot.store) != forgotten:
        _unfinished_file(depot).unlink(missing_ok=True)
        growth.tidy(all_of_it=True)
        raise RetryableError("a document was forgotten while the snapshot was made, which may hold it: make it again")
    depot.put(made, lambda done, of: work.tell("storing", done, of), again=full)
    growth.tidy()
    _unfinished_file(depot).unlink(missing_ok=True)
    return Made(made, parent, messages, warnings=(*work.warnings, *gaps))


def _forgotten(depot: Depot) -> frozenset[str]:
    """Raises ConflictError when something that is to be forgotten may still be there."""
    if begun := being_forgotten_in(depot.store):
        raise ConflictError(
            f"{', '.join(sorted(begun))} is being forgotten, or that was interrupted, and snapshots may still hold it: "
            "type towpath data forget DOCUMENT_ID again, to its end"
        )
    return forgotten_in(depot.store)


def _grow(work: _Making, growth: Growth, cut: Cut, begin: Manifest | None, batch: int, gaps: list[str]) -> int:
    since = begin.offsets if begin is not None else {}
    total = sum(max(0, end - max(since.get(key, 0), cut.begins.get(key, 0))) for key, end in cut.ends.items())
    done = unreadable = 0
    for part in read(work.reader, work.registry, since, cut, batch):
        growth.take(part.documents, part.annotations)
        done, unreadable = done + len(part), unreadable + part.unreadable
        work.tell("reading", done, total)
        so_far = Cut(cut.as_of, part.offsets, cut.begins, cut.topics)
        reached = growth.manifest(so_far, work.registry.prefix, begin.parent if begin is not None else "", gaps)
        _unfinished_file(work.depot).parent.mkdir(parents=True, exist_ok=True)
        _unfinished_file(work.depot).write_bytes(reached.to_json())
    if unreadable:
        work.warnings.append(f"{unreadable} messages are none of the contracts', and left out; the log says where")
    return done


def _parent(work: _Making, cut: Cut) -> Manifest | None:
    """The newest snapshot that holds nothing from after the cut."""
    of_others = ""
    for name in work.depot.names():
        try:
            manifest = work.depot.manifest(name)
        except CrashError as error:
            work.warnings.append(f"{error}; passed over")
            continue
        if _fits(manifest, work.registry, cut):
            return manifest
        if manifest.prefix == work.registry.prefix and manifest.topics != cut.topics:
            of_others = of_others or name
    if of_others:
        work.warnings.append(f"{of_others} is of topics that were deleted since, and made anew: begun from nothing")
    return None


def _unfinished(work: _Making, cut: Cut, parent: Manifest | None) -> Manifest | None:
    """What an interrupted snapshot had come to, where that is further than the parent."""
    file = _unfinished_file(work.depot)
    try:
        found = Manifest.from_json(file.read_bytes(), str(file))
        far = found.chunks and all((work.depot.cache / f"{each.sha256}.parquet").is_file() for each in found.chunks)
    except (OSError, CrashError):
        return None
    if not far or not _fits(found, work.registry, cut):
        return None
    return found if _reach(found) > (_reach(parent) if parent is not None else 0) else None


def _fits(manifest: Manifest, registry: Registry, cut: Cut) -> bool:
    within = all(offset <= cut.ends.get(key, 0) for key, offset in manifest.offsets.items())
    return manifest.prefix == registry.prefix and manifest.topics == cut.topics and within


def _reach(manifest: Manifest) -> int:
    return sum(manifest.offsets.values())


def _gaps(cut: Cut, begin: Manifest | None) -> list[str]:
    since = begin.offsets if begin is not None else {}
    told = []
    for key, first in cut.begins.items():
        lost = min(first, cut.ends.get(key, 0)) - since.get(key, 0)
        if lost > 0:
            told.append(f"{lost} messages of {key} are missing: Kafka has none before offset {first} (retention)")
    return told


def _check_there(work: _Making, cut: Cut, begin: Manifest | None, as_of: datetime | None) -> None:
    if begin is not None or any(end > cut.begins.get(key, 0) for key, end in cut.ends.items()):
        return
    first = first_moment(work.reader)
    if as_of is None or first is None:
        raise RejectedError("there are no documents and no annotations in Kafka: towpath ingest brings them in")
    raise RejectedError(
        f"nothing is there as of {as_of.isoformat()}: no snapshot is that old, and the oldest message that Kafka has "
        f"is of {first.isoformat(timespec='seconds')}"
    )


def _unfinished_file(depot: Depot) -> Path:
    return depot.cache / _UNFINISHED
