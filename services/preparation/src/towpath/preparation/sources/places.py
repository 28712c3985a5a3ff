"""Where sources lie: a file, a folder, a bucket. Each is a list of files that are read one after the other."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.service import StoreSettings
from towpath.preparation.sources.item import Item, Reading
from towpath.preparation.sources.objects import object_items
from towpath.preparation.sources.tables import parquet_items, table_items
from towpath.preparation.sources.texts import text_item

__all__ = ["SUFFIXES", "Found", "Source", "open_source"]

SUFFIXES = (".ndjson", ".jsonl", ".json", ".manifest", ".csv", ".tsv", ".parquet", ".txt")


@dataclass(frozen=True)
class Found:
    """A file. `version` changes when its content does; `fetch` puts it on this machine for as long as it is read.

    `refused`: why it is not read at all.
    """

    name: str
    version: str
    fetch: Callable[[], AbstractContextManager[Path]]
    refused: str = ""


@dataclass(frozen=True)
class Source:
    """Files of one place, in order of name. `passed_over` counts files of kinds that are not read, by suffix."""

    name: str
    files: tuple[Found, ...]
    reading: Reading
    passed_over: Counter[str]
    local: bool = True

    @property
    def version(self) -> str:
        """Of what would be sent: changes with any file, and with how they are read."""
        digest = hashlib.sha256(repr(self.reading).encode())
        for each in self.files:
            digest.update(f"\0{each.name}\0{each.version}".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def items(self) -> Iterator[Item]:
        """Raises RejectedError when the only file is not what it should be; one of several is refused as a whole."""
        for each in self.files:
            if each.refused:
                yield Item(each.name, 1, None, b"", each.refused)
                continue
            try:
                yield from self.items_of(each)
            except RejectedError as error:
                if len(self.files) == 1:
                    raise
                yield Item(each.name, 1, None, b"", str(error).removeprefix(f"{each.name}: "))

    def items_of(self, found: Found) -> Iterator[Item]:
        """Those of one file. Raises RejectedError when it is not what it should be."""
        with found.fetch() as file:
            yield from _read(file, found.name, self.name, self.reading)

    def total(self) -> int | None:
        """How many items there are; None where that would mean to fetch everything."""
        return sum(1 for _ in self.items()) if self.local else None


def open_source(place: str, reading: Reading, store: StoreSettings) -> Source:
    """A file, a folder or s3://bucket/prefix. Raises NotFoundError, RejectedError for what is not read."""
    if place.startswith("s3://"):
        from towpath.preparation.sources.bucket import objects_of

        name, found = objects_of(place, store)
        return replace(_source(name, found, reading, place), local=False)
    path = Path(place)
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise RejectedError(f"only {', '.join(SUFFIXES)} are read", where=place)
        return Source(path.resolve().parent.name, (_local(path, path.name),), reading, Counter())
    if path.is_dir():
        return _source(path.resolve().name, _walk(path.resolve()), reading, place)
    raise NotFoundError("no such file or folder", where=place)


def _source(name: str, found: Iterator[Found], reading: Reading, place: str) -> Source:
    files, passed_over = list[Found](), Counter[str]()
    for each in found:
        suffix = PurePosixPath(each.name).suffix.lower()
        if each.refused or suffix in SUFFIXES:
            files.append(each)
        else:
            passed_over[suffix or "none"] += 1
    if not files:
        raise NotFoundError(f"nothing to read: no {', '.join(SUFFIXES)}", where=place)
    return Source(name, tuple(sorted(files, key=lambda each: each.name)), reading, passed_over)


def _walk(root: Path) -> Iterator[Found]:
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in folders:
            if (Path(folder) / name).is_symlink():
                told = (Path(folder) / name).relative_to(root).as_posix()
                yield Found(told, "", _never, "a link to a folder is not followed")
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith("."):
                continue
            told = path.relative_to(root).as_posix()
            if not path.resolve().is_relative_to(root):
                yield Found(told, "", _never, "a link that leads out of the folder")
            elif path.is_file():
                yield _local(path, told)


def _local(path: Path, name: str) -> Found:
    about = path.stat()
    return Found(name, f"{path.resolve()}/{about.st_size}/{about.st_mtime_ns}", lambda: nullcontext(path))


def _never() -> AbstractContextManager[Path]:
    raise RejectedError("it is not read")


def _read(file: Path, name: str, source: str, reading: Reading) -> Iterator[Item]:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".txt":
        return text_item(file, name, source, reading)
    if suffix in (".csv", ".tsv"):
        return table_items(file, name, reading, "," if suffix == ".csv" else "\t")
    if suffix == ".parquet":
        return parquet_items(file, name, reading)
    return object_items(file, name, reading)
