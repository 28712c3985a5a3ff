"""Files and folders in the store, over fsspec.

A folder is whole when its marker is there: the marker is written last and read first. Folders are named by their
content, so writing one again changes nothing.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from towpath.core.errors import ForbiddenError, NotFoundError, RejectedError, RetryableError, TooLargeError
from towpath.core.store.filesystem import failures, new_filesystem, refusals
from towpath.core.store.url import StoreUrl, checked_name, is_name

if TYPE_CHECKING:
    from towpath.core.service import StoreSettings

__all__ = ["Listed", "Store", "open_store"]

Listed = Callable[[bytes], Mapping[str, int]]
"""From a marker's bytes to the sizes of the folder's other files, by name; raises when the marker is not the one."""

_CHUNK = 16 * 2**20
_MAX_MARKER_BYTES = 4_000_000


@dataclass(frozen=True)
class Store:
    """What lies below `url`. Threads may share it. Keys are names joined by "/".

    Every method raises RetryableError when the store is away (ForbiddenError when it refuses us), NotFoundError for
    what is not there, RejectedError for names that lead elsewhere.
    """

    url: StoreUrl
    _fs: Any

    @classmethod
    def open(cls, url: str, *, endpoint_url: str | None = None, region: str | None = None) -> Store:
        """The store at file:///folder or s3://bucket/prefix; nothing is connected yet.

        Credentials are what the AWS SDK finds (AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, …).

        Raises:
            RejectedError: the URL is neither.
        """
        place = StoreUrl.parse(url)
        return cls(place, new_filesystem(place.protocol, endpoint_url or None, region or None))

    def exists(self, key: str) -> bool:
        try:
            self._size(key)
        except NotFoundError:
            return False
        return True

    def names(self, key: str) -> list[str]:
        """What lies in the folder `key`, sorted; nothing where there is no such folder."""
        with self._told(key):
            try:
                found = self._fs.ls(self._path(key), detail=False)
            except FileNotFoundError:
                found = []
        return sorted(name for each in found if is_name(name := each.rstrip("/").rpartition("/")[2]))

    def read(self, key: str, *, max_bytes: int) -> bytes:
        """Raises TooLargeError above `max_bytes`."""
        with self._opened(key, max_bytes) as chunks:
            return b"".join(chunks)

    def get_file(self, key: str, target: Path, *, max_bytes: int) -> None:
        """Write the file to `target`, whole or not at all. Raises TooLargeError above `max_bytes`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(target)
        try:
            with self._opened(key, max_bytes) as chunks, part.open("wb") as out:
                for chunk in chunks:
                    out.write(chunk)
            part.replace(target)
        except OSError as error:
            raise RetryableError(f"{target}: {error.strerror or error}") from error
        finally:
            part.unlink(missing_ok=True)

    def get_folder(self, key: str, target: Path, *, marker: str, listed: Listed) -> None:
        """Fetch the folder to `target`, whole or not at all; one that is there stays as it is.

        Only what the marker lists is fetched, and no more bytes of it than the marker says.
        """
        if target.exists():
            return
        sizes = listed(self.read(f"{key}/{marker}", max_bytes=_MAX_MARKER_BYTES))
        part = _beside(target)
        try:
            for name, size in sizes.items():
                self.get_file(f"{key}/{name}", part / checked_name(name), max_bytes=size)
            self.get_file(f"{key}/{marker}", part / marker, max_bytes=_MAX_MARKER_BYTES)
            part.rename(target)
        except OSError as error:
            # Another process that shares the folder was first, and made the same of the same content.
            if not target.is_dir():
                raise RetryableError(f"{target}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def put_file(self, source: Path, key: str) -> str:
        """Write `source` to `key`, whole or not at all; returns its URL."""
        path = self._path(key)
        with self._told(key):
            if self.url.protocol == "s3":
                # An object appears when all of it has arrived.
                self._fs.put_file(str(source), path)
            else:
                target = Path(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                part = _beside(target)
                shutil.copyfile(source, part)
                part.replace(target)
        return self.url.of(key)

    def write(self, data: bytes, key: str) -> str:
        """Write `data` to `key`, whole or not at all; returns its URL."""
        with TemporaryDirectory(prefix="towpath-") as folder:
            file = Path(folder) / "data"
            file.write_bytes(data)
            return self.put_file(file, key)

    def remove(self, key: str) -> None:
        """Take the file away; one that is not there is taken away already."""
        try:
            with self._told(key):
                self._fs.rm_file(self._path(key))
        except NotFoundError:
            return

    def put_folder(self, folder: Path, key: str, *, marker: str) -> str:
        """Write the plain files of `folder` below `key`, `marker` last; returns the folder's URL.

        Files of the same size that are there already, with the marker, are not sent again.

        Raises:
            RejectedError: there is something else than plain files in it, or no marker.
        """
        files = {checked_name(each.name): each for each in sorted(folder.iterdir())}
        odd = [name for name, file in files.items() if file.is_symlink() or not file.is_file()]
        if odd or marker not in files:
            raise RejectedError(f"{folder}: {odd[0]} is no plain file" if odd else f"{folder}: has no {marker}")
        whole = self.exists(f"{key}/{marker}")
        for name in [*(name for name in files if name != marker), marker]:
            if not (whole and self._has(f"{key}/{name}", files[name].stat().st_size)):
                self.put_file(files[name], f"{key}/{name}")
        return self.url.of(key)

    def _has(self, key: str, size: int) -> bool:
        try:
            return self._size(key) == size
        except NotFoundError:
            return False

    def _size(self, key: str) -> int:
        with self._told(key):
            found = self._fs.info(self._path(key))
        if found["type"] != "file":
            raise NotFoundError(f"{self.url.of(key)}: is no file")
        return int(found["size"])

    @contextmanager
    def _opened(self, key: str, max_bytes: int) -> Iterator[Iterator[bytes]]:
        size = self._size(key)
        if size > max_bytes:
            raise TooLargeError(f"{self.url.of(key)}: {size} bytes, {max_bytes} are taken at most")
        with self._told(key):
            source = self._fs.open(self._path(key), "rb", cache_type="none")
        with source:
            yield self._chunks(key, source, size)

    def _chunks(self, key: str, source: BinaryIO, size: int) -> Iterator[bytes]:
        left = size
        while left:
            with self._told(key):
                chunk = source.read(min(left, _CHUNK))
            if not chunk:
                raise RetryableError(f"{self.url.of(key)}: ended {left} bytes early")
            left -= len(chunk)
            yield chunk

    def _path(self, key: str) -> str:
        self.url.of(key)
        path = f"{self.url.path}/{key}"
        # In a folder a link could lead out of the store.
        if self.url.protocol == "file" and not Path(path).resolve().is_relative_to(Path(self.url.path).resolve()):
            raise RejectedError(f"{self.url.of(key)}: leads out of the store")
        return path

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if not self._there():
                raise RetryableError(
                    f"there is no store at {self.url.url}: create the bucket, or mount the volume"
                ) from error
            raise NotFoundError(f"{self.url.of(key)}: is not in the store") from error
        except refusals() as error:
            raise ForbiddenError(
                f"{self.url.of(key)}: the store refuses access; check the credentials (AWS_ACCESS_KEY_ID, …) and what "
                "they may do, or whose the folder is"
            ) from error
        except failures() as error:
            raise RetryableError(f"the store {self.url.url} cannot be used: {str(error)[:300]}") from error

    def _there(self) -> bool:
        if self.url.protocol == "file":
            return Path(self.url.path).is_dir()
        try:
            return bool(self._fs.exists(self.url.path.partition("/")[0]))
        except failures():
            return False


def open_store(told: StoreSettings) -> Store | None:
    """The store that the settings name; None where there is none but the home.

    Raises:
        RejectedError: `url` is no store's.
    """
    if not told.url:
        return None
    return Store.open(told.url, endpoint_url=told.endpoint_url, region=told.region)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.part")
