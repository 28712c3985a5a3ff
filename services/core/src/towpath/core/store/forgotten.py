"""Documents that are to be forgotten: a file each below `forgotten/`, named by the SHA-256 of the document's id.

So the word that something is forgotten does not keep what it was, and two people who forget at once do not meet.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from towpath.core.errors import CrashError
from towpath.core.store.files import Store

__all__ = ["being_forgotten_in", "digest_of", "forget", "forgotten_in", "store_or_home", "was_forgotten"]

_FOLDER = "forgotten"
_FILE, _DONE = (re.compile(rf"([0-9a-f]{{64}})\.{suffix}") for suffix in ("json", "done"))
_MAX_BYTES = 10_000


def digest_of(document_id: str) -> str:
    """ "sha256:…": what is written down of a document that is forgotten."""
    return f"sha256:{hashlib.sha256(document_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def forgotten_in(store: Store) -> frozenset[str]:
    """`digest_of` of each. Raises RetryableError: the store is away."""
    return _named(store.names(_FOLDER), _FILE)


def being_forgotten_in(store: Store) -> frozenset[str]:
    """Those of them that may still be somewhere: `was_forgotten` was not said. Raises RetryableError."""
    names = store.names(_FOLDER)
    return _named(names, _FILE) - _named(names, _DONE)


def was_forgotten(store: Store, document_id: str) -> None:
    """Say that it is nowhere any more. Raises RetryableError: the store is away."""
    store.write(b"", f"{_FOLDER}/{digest_of(document_id).removeprefix('sha256:')}.done")


def forget(store: Store, document_id: str, *, at: str, by: str) -> str:
    """Write it down, unless it is; returns since when.

    Raises:
        CrashError: what is there was changed by hand. RetryableError: the store is away.
    """
    key = f"{_FOLDER}/{digest_of(document_id).removeprefix('sha256:')}.json"
    if not store.exists(key):
        store.write(json.dumps({"at": at, "by": by}).encode(), key)
        return at
    try:
        return str(json.loads(store.read(key, max_bytes=_MAX_BYTES))["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise CrashError(f"{store.url.of(key)}: does not say when: {error!r}") from error


def _named(names: list[str], pattern: re.Pattern[str]) -> frozenset[str]:
    found = (pattern.fullmatch(name) for name in names)
    return frozenset(f"sha256:{match[1]}" for match in found if match)


def store_or_home(store: Store | None, home: Path) -> Store:
    """Where things are kept: the store, or the home as one where there is none."""
    if store is not None:
        return store
    home.mkdir(parents=True, exist_ok=True)
    return Store.open(home.resolve().as_uri())
