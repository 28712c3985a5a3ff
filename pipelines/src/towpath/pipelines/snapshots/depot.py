"""Where snapshots lie: chunks, manifests, pins and what is forgotten, in the store or below the home.

A snapshot is there when its manifest is, which is written last. Chunks are kept below the home as well, so that what
was made here is not fetched to make the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from towpath.core.errors import ConflictError, CrashError, NotFoundError, RejectedError, TooLargeError
from towpath.core.store import Store, store_or_home
from towpath.pipelines.snapshots.chunks import sha256_of
from towpath.pipelines.snapshots.manifest import Chunk, Kind, Manifest, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Depot", "Pin"]

CHUNKS, MANIFESTS, PINS = "chunks", "manifests", "pins"
_MAX_MANIFEST_BYTES = 64 * 2**20
_PIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,60}")
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})")


@dataclass(frozen=True)
class Pin:
    name: str
    snapshot_id: str
    at: str
    by: str


@dataclass(frozen=True)
class Depot:
    """`store` is the store, or the home as one; `cache` is the home's folder of chunks."""

    store: Store
    cache: Path

    @classmethod
    def open(cls, store: Store | None, home: Path) -> Depot:
        return cls(store_or_home(store, home), home.resolve() / CHUNKS)

    # ------------------------------------------------------------------ chunks
    def files(self, manifest: Manifest, kind: Kind) -> list[Path]:
        """Of its chunks, older first. Raises what `file` raises."""
        chunks: tuple[Chunk, ...] = getattr(manifest, kind)
        return [self.file(each) for each in chunks]

    def file(self, chunk: Chunk) -> Path:
        """A chunk on this machine, its bytes held against its name.

        Raises:
            CrashError: it was changed; names it.
            NotFoundError: it is not in the store.
            RetryableError: the store is away.
        """
        key = _chunk_key(chunk)
        local = self.cache / f"{chunk.sha256}.parquet"
        if self._good(local, chunk):
            return local
        try:
            # A copy here that was changed is no reason not to take the store's.
            self.store.get_file(key, local, max_bytes=chunk.bytes)
        except TooLargeError as error:
            raise _changed(self.store.url.of(key)) from error
        if not self._good(local, chunk):
            raise _changed(self.store.url.of(key))
        return local

    def put(self, manifest: Manifest, tell: Callable[[int, int], None], *, again: bool = False) -> None:
        """Into the store: chunks that are not there, or all `again`, then the manifest.

        `tell` is told (chunks done, of how many).

        Raises:
            RetryableError: the store is away.
        """
        there = set() if again else set(self.store.names(CHUNKS))
        missing = [each for each in manifest.chunks if f"{each.sha256}.parquet" not in there]
        for done, each in enumerate(missing):
            tell(done, len(missing))
            key = _chunk_key(each)
            if not self.is_home:
                self.store.put_file(self.cache / f"{each.sha256}.parquet", key)
        self.write(manifest)

    def write(self, manifest: Manifest) -> None:
        """The manifest alone."""
        self.store.write(manifest.to_json(), f"{MANIFESTS}/{manifest.name}")

    @property
    def is_home(self) -> bool:
        """Whether the chunks here are the store's."""
        return self.store.url.protocol == "file" and Path(self.store.url.path) / CHUNKS == self.cache

    @staticmethod
    def _good(local: Path, chunk: Chunk) -> bool:
        return local.is_file() and local.stat().st_size == chunk.bytes and sha256_of(local) == chunk.sha256

    # ------------------------------------------------------------------ manifests
    def names(self) -> list[str]:
        """Of all manifests, the newest moment first."""
        return sorted(self.store.names(MANIFESTS), reverse=True)

    def manifest(self, name: str) -> Manifest:
        """Raises CrashError when it was changed by hand."""
        key = f"{MANIFESTS}/{name}"
        return Manifest.from_json(self.store.read(key, max_bytes=_MAX_MANIFEST_BYTES), self.store.url.of(key))

    def manifests(self) -> Iterator[Manifest]:
        """All of them, the newest moment first."""
        return map(self.manifest, self.names())

    def find(self, told: str) -> Manifest:
        """The newest manifest of the snapshot that an id, the beginning of one, a pin, or `latest` names.

        Raises:
            NotFoundError: it names none. ConflictError: it is the beginning of several ids.
        """
        if _PIN.fullmatch(told) and (pin := next((each for each in self.pins() if each.name == told), None)):
            told = pin.snapshot_id
        names = self.names()
        if told == "latest" and names:
            return self.manifest(names[0])
        match = _ID.fullmatch(told)
        of = {} if match is None else {_snapshot(name): name for name in reversed(names) if _begins(name, match[1])}
        if len(of) > 1:
            raise ConflictError(f"{told!r} is the beginning of {len(of)} snapshots: {', '.join(sorted(of))}")
        if not of:
            raise NotFoundError(
                f"{told!r} is no snapshot, pin or 'latest' in {self.store.url.url}: towpath data list shows what is "
                "there, towpath data snapshot makes one"
            )
        return self.manifest(next(iter(of.values())))

    # ------------------------------------------------------------------ pins
    def pins(self) -> list[Pin]:
        """By name. Raises CrashError when one was changed by hand."""
        found = []
        for file in self.store.names(PINS):
            key = f"{PINS}/{file}"
            try:
                told = json.loads(self.store.read(key, max_bytes=10_000))
                found.append(Pin(file.removesuffix(".json"), str(told["snapshot"]), str(told["at"]), str(told["by"])))
            except (ValueError, KeyError, TypeError) as error:
                raise CrashError(f"{self.store.url.of(key)}: is no pin: {error!r}") from error
        return found

    def pin(self, name: str, manifest: Manifest, by: str, *, move: bool = False) -> Pin:
        """Call a snapshot `name`.

        Raises:
            RejectedError: it cannot be called so. ConflictError: another is, and `move` does not say that it was.
        """
        if not _PIN.fullmatch(name) or name == "latest" or _ID.fullmatch(name):
            raise RejectedError(f"{name!r} is no name for a pin: a letter, then letters, digits, '.', '_', '-'; no id")
        other = next((each for each in self.pins() if each.name == name), None)
        if other is not None and other.snapshot_id != manifest.id and not move:
            raise ConflictError(f"{name} is {other.snapshot_id} since {other.at} (--move takes it to another)")
        made = Pin(name, manifest.id, datetime.now(UTC).isoformat(timespec="seconds"), by)
        told = {"snapshot": made.snapshot_id, "at": made.at, "by": made.by}
        self.store.write(json.dumps(told, indent=1).encode(), f"{PINS}/{name}.json")
        return made


def _chunk_key(chunk: Chunk) -> str:
    return f"{CHUNKS}/{chunk.sha256}.parquet"


def _snapshot(name: str) -> str:
    return name.split("-")[1] if name.count("-") == 2 else ""


def _begins(name: str, digits: str) -> bool:
    return _snapshot(name).startswith(key_of(digits))


def _changed(url: str) -> CrashError:
    return CrashError(
        f"{url}: was changed: its bytes are not those that its name says. Put back a copy, or make the snapshot again "
        "(towpath data snapshot --full)"
    )
