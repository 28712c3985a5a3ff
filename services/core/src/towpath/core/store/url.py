"""Where the store is, and which URLs lie in it. Pure.

What lies in the store is named by plain names joined by "/". A URL is compared as it is written, never decoded: what
is not the store's own URL followed by such names is not in the store, whatever it would decode or redirect to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from towpath.core.errors import RejectedError

__all__ = ["StoreUrl", "checked_key", "checked_name", "is_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MAX_DEPTH = 16


@dataclass(frozen=True)
class StoreUrl:
    """`url` without a slash at its end; `path` is what the file system calls it."""

    url: str
    protocol: Literal["file", "s3"]
    path: str

    @classmethod
    def parse(cls, url: str) -> StoreUrl:
        """Raises RejectedError for what is neither file:///folder nor s3://bucket or s3://bucket/prefix."""
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise _no_store(url, str(error)) from error
        if parts.query or parts.fragment or "\\" in url or "\x00" in url:
            raise _no_store(url, "has a query, a fragment or a backslash")
        if parts.scheme == "s3":
            return cls._of_bucket(url, parts.netloc, parts.path)
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            return cls._of_folder(url, Path(unquote(parts.path)))
        raise _no_store(url, "is of another kind")

    @classmethod
    def _of_bucket(cls, url: str, bucket: str, path: str) -> StoreUrl:
        names = [name for name in path.split("/") if name]
        if not _BUCKET.fullmatch(bucket) or not all(map(is_name, names)):
            raise _no_store(url, "bucket or prefix has characters that are not taken")
        place = "/".join([bucket, *names])
        return cls(f"s3://{place}", "s3", place)

    @classmethod
    def _of_folder(cls, url: str, folder: Path) -> StoreUrl:
        if not folder.is_absolute() or ".." in folder.parts or len(folder.parts) < 2:
            raise _no_store(url, "is no absolute folder")
        return cls(folder.as_uri(), "file", str(folder))

    def holds(self, url: str) -> bool:
        """Whether `url` begins like what is in the store; `key` checks the rest."""
        return url.startswith(self.url + "/")

    def key(self, url: str) -> str:
        """The names in the store that `url` means.

        Raises:
            RejectedError: it is not in this store.
        """
        if not self.holds(url):
            raise RejectedError(f"{url[:200]!r} is not in the store {self.url}")
        key = url.removeprefix(self.url + "/")
        checked_key(key)
        return key

    def of(self, key: str) -> str:
        """The URL of a key."""
        return f"{self.url}/{checked_key(key)}"


def checked_key(key: str) -> str:
    """`key`, when it is names joined by "/"; raises RejectedError otherwise."""
    names = key.split("/")
    if len(names) > _MAX_DEPTH:
        raise RejectedError(f"{key[:200]!r}: deeper than {_MAX_DEPTH} folders")
    for name in names:
        checked_name(name)
    return key


def checked_name(name: str) -> str:
    """`name`, when it can name a file in the store; raises RejectedError otherwise."""
    if not is_name(name):
        raise RejectedError(f"{name[:200]!r}: names in the store are letters, digits, '.', '_', '-', up to 100")
    return name


def is_name(name: str) -> bool:
    """Whether a file in the store can have this name."""
    return _NAME.fullmatch(name) is not None


def _no_store(url: str, why: str) -> RejectedError:
    return RejectedError(f"store URL {url[:200]!r} {why}; write file:///folder or s3://bucket/prefix")
