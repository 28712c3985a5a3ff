"""Objects of an S3 bucket, fetched one at a time to be read as files. Keys are anything; nothing is written."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from towpath.core.errors import ForbiddenError, NotFoundError, RejectedError, RetryableError
from towpath.core.service import StoreSettings
from towpath.core.store.filesystem import failures, new_filesystem, refusals
from towpath.preparation.sources.places import Found

__all__ = ["objects_of"]

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(.*)")


def objects_of(place: str, store: StoreSettings) -> tuple[str, Iterator[Found]]:
    """The name of the folder (or bucket), and its objects. Endpoint and region are the store's (TOWPATH_STORE_…).

    Raises:
        NotFoundError: there is neither an object nor a folder of that name.
        RetryableError: the store is away (ForbiddenError: it refuses these credentials).
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise RejectedError("an address is s3://bucket/prefix", where=place)
    bucket, prefix = match.group(1), match.group(2).strip("/")
    files = new_filesystem("s3", store.endpoint_url, store.region)
    path = f"{bucket}/{prefix}".rstrip("/")
    found = _listed(files, path, place)
    if not found:
        raise NotFoundError("no such object, and no such prefix", where=place)
    # One object is called by its name alone.
    root = path.rpartition("/")[0] if set(found) == {path} else path
    return root.rpartition("/")[2], iter([_found(files, key, about, root) for key, about in found.items()])


def _found(files: Any, key: str, about: dict[str, Any], root: str) -> Found:
    version = f"s3://{key}/{about.get('size')}/{about.get('ETag', '')}"
    return Found(key.removeprefix(root).lstrip("/"), version, partial(_fetched, files, key))


def _listed(files: Any, path: str, place: str) -> dict[str, dict[str, Any]]:
    with _told(place):
        found: dict[str, dict[str, Any]] = files.find(path, detail=True)
    return {key: about for key, about in found.items() if about.get("type") == "file" and not key.endswith("/")}


@contextmanager
def _fetched(files: Any, key: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="towpath-source-") as folder:
        target = Path(folder) / f"object{Path(key).suffix}"
        with _told(f"s3://{key}"):
            files.get_file(key, str(target))
        yield target


@contextmanager
def _told(place: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError("no such bucket or object", where=place) from None
    except refusals() as error:
        raise ForbiddenError(f"{place}: access is refused; check AWS_ACCESS_KEY_ID, … and what they may do") from error
    except failures() as error:
        raise RetryableError(f"{place} cannot be read: {str(error)[:300]}") from error
