"""Taking a document out of what was made of snapshots: their folders of Parquet, the inputs of runs, caches.

What lies in a store and what lies below the home are taken alike: the home is a store, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from towpath.core.errors import CrashError, NotFoundError, TooLargeError
from towpath.core.store import Store, digest_of

__all__ = ["Folder", "folders", "purge_caches", "purge_folder", "purge_runs", "quoting"]

_ABOUT, _TABLES = "snapshot.json", ("documents.parquet", "annotations.parquet")
_INPUTS = ("documents.ndjson", "annotations.ndjson")
_EMBEDDINGS = "embeddings.npz"
_MAX_ABOUT_BYTES, _MAX_BYTES, _MAX_PAGE_BYTES = 1_000_000, 2**40, 64 * 2**20
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Folder:
    """The folder of a snapshot below `snapshots/`."""

    store: Store
    name: str
    snapshot_id: str


def folders(store: Store, document_id: str, tell: Tell) -> list[Folder]:
    """Those that have the document, or had it until it was forgotten.

    Raises:
        CrashError: a file of one cannot be read; names it. RetryableError: the store is away.
    """
    names, found = store.names("snapshots"), list[Folder]()
    for done, name in enumerate(names):
        tell("looking through snapshots' folders", done, len(names))
        about = _about(store, name)
        if about is None:
            continue
        with TemporaryDirectory(prefix="towpath-") as place:
            tables = [_fetched(store, name, each, Path(place)) for each in _TABLES]
        had = any(each["document"] == digest_of(document_id) for each in about.get("forgotten", []))
        if had or any(pc.any(pc.equal(each["document_id"], document_id)).as_py() for each in tables):
            found.append(Folder(store, name, str(about["id"])))
    return found


def purge_folder(folder: Folder, document_id: str, at: str) -> None:
    """Take it out. The folder says so from then on, and is not called corrupt.

    Raises:
        CrashError: a file of it cannot be read; names it. RetryableError: the store is away.
    """
    store, key = folder.store, f"snapshots/{folder.name}"
    about = _about(store, folder.name) or {}
    with TemporaryDirectory(prefix="towpath-") as place:
        left = {name: _left(_fetched(store, folder.name, name, Path(place)), document_id) for name in _TABLES}
        told = [each for each in about.get("forgotten", []) if each["document"] != digest_of(document_id)]
        about["forgotten"] = [*told, {"document": digest_of(document_id), "at": at}]
        about["documents"], about["annotations"] = (left[name].num_rows for name in _TABLES)
        # First of all it says that it is not whole: so it is when this is interrupted.
        store.write(json.dumps(about, indent=1).encode(), f"{key}/{_ABOUT}")
        for name, table in left.items():
            file = Path(place) / f"left-{name}"
            pq.write_table(table, file, compression="zstd", version="2.6", write_statistics=False)
            store.put_file(file, f"{key}/{name}")
    listed = "".join(f"{each}\n" for each in left[_TABLES[1]]["annotation_id"].to_pylist())
    store.write(listed.encode(), f"{key}/annotations.txt")


def purge_runs(store: Store, document_id: str, tell: Tell) -> list[str]:
    """Take its lines out of what runs were given, and what they embedded of it; returns the files that had any."""
    names, found = store.names("runs"), list[str]()
    for done, name in enumerate(names):
        tell("looking through runs", done, len(names))
        purged = [each for each in _INPUTS if _purge_lines(store, f"runs/{name}/{each}", document_id)]
        if purged:
            store.remove(f"runs/{name}/{_EMBEDDINGS}")
        found += [f"runs/{name}/{each}" for each in purged]
    return found


def purge_caches(home: Path) -> int:
    """Embeddings are kept with those of other texts in a file, so all go: they are made again when they are wanted."""
    files = list((home / "cache").glob("embeddings-*.npy"))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def quoting(store: Store, document_id: str) -> Iterator[str]:
    """URLs of reports and results of runs that name the document: what to do with them is a person's to say."""
    for run in store.names("runs"):
        for name in store.names(f"runs/{run}"):
            key = f"runs/{run}/{name}"
            if name.endswith((".html", ".json", ".md", ".log")) and _names(store, key, document_id):
                yield store.url.of(key)


def _names(store: Store, key: str, document_id: str) -> bool:
    try:
        data = store.read(key, max_bytes=_MAX_PAGE_BYTES)
    except (NotFoundError, TooLargeError):
        return False
    return any(each in data for each in _spellings(document_id))


def _spellings(document_id: str) -> set[bytes]:
    return {json.dumps(document_id, ensure_ascii=ascii_)[1:-1].encode() for ascii_ in (True, False)}


def _purge_lines(store: Store, key: str, document_id: str) -> bool:
    with TemporaryDirectory(prefix="towpath-") as place:
        given, kept = Path(place) / "given", Path(place) / "kept"
        try:
            store.get_file(key, given, max_bytes=_MAX_BYTES)
        except NotFoundError:
            return False
        spelled, gone = _spellings(document_id), False
        with given.open("rb") as lines, kept.open("wb") as out:
            for line in lines:
                if any(each in line for each in spelled) and _is_of(line, document_id):
                    gone = True
                else:
                    out.write(line)
        if gone:
            store.put_file(kept, key)
        return gone


def _is_of(line: bytes, document_id: str) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return True  # what names it and is no message had better go
    return not isinstance(told, dict) or told.get("documentId") == document_id


def _about(store: Store, name: str) -> dict[str, Any] | None:
    key = f"snapshots/{name}/{_ABOUT}"
    try:
        told = json.loads(store.read(key, max_bytes=_MAX_ABOUT_BYTES))
        return dict(told) | {"id": told["id"]}
    except NotFoundError:
        return None  # on its way
    except (ValueError, KeyError, TypeError) as error:
        raise CrashError(f"{store.url.of(key)}: is no snapshot's: {error!r}") from error


def _fetched(store: Store, name: str, table: str, place: Path) -> pa.Table:
    key = f"snapshots/{name}/{table}"
    store.get_file(key, place / table, max_bytes=_MAX_BYTES)
    try:
        return pq.read_table(place / table)
    except (OSError, pa.ArrowException) as error:
        raise CrashError(f"{store.url.of(key)}: cannot be read: {str(error)[:300]}") from error


def _left(table: pa.Table, document_id: str) -> pa.Table:
    return table.filter(pc.not_equal(table["document_id"], document_id))
