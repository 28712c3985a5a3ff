"""Bundles of the store on this machine's disk: fetched once, checked when loaded, the last few kept."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.store import Store
from towpath.model import BundleError, listed_files, release_id_of

__all__ = ["BundleCache"]

_log = structlog.get_logger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART_S = 3600.0


@dataclass(frozen=True)
class BundleCache:
    """Bundles of `store` below `folder`, `keep` of them. Workers may share the folder."""

    store: Store
    folder: Path
    keep: int = 3

    def get(self, uri: str, sha256: str) -> Path:
        """The folder of the bundle at `uri`, fetched unless it is there. Its files are not checked yet.

        Raises:
            BundleError: the URI is not in the store, nothing is there, or another bundle than the release says.
            RetryableError: the store is away, or there is no room.
        """
        folder = self._folder(sha256)
        try:
            key = self.store.url.key(uri)
            if not folder.exists():
                listed = partial(listed_files, sha256=sha256)
                self.store.get_folder(key, folder, marker="manifest.json", listed=listed)
                _log.info("serving.bundle_fetched", bundle_uri=uri)
            os.utime(folder)
        except RejectedError as error:
            raise BundleError(f"bundle URI {uri[:200]!r}: {error}") from error
        except OSError as error:
            raise RetryableError(f"{folder}: {error.strerror or error}") from error
        self._prune()
        return folder

    def holds(self, sha256: str) -> bool:
        """Whether it is here without asking the store."""
        return self._folder(sha256).exists()

    def drop(self, folder: Path) -> None:
        """Forget a bundle that was found damaged."""
        shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise BundleError(f"the release's bundle_sha256 {sha256[:80]!r} is no sha256")
        return self.folder / release_id_of(sha256)

    def _prune(self) -> None:
        # The model in memory needs no file any more, so what is old is in nobody's way.
        by_age = sorted(self.folder.glob("rel-*"), key=_modified, reverse=True)
        left = [part for part in self.folder.glob(".rel-*.part") if _modified(part) < time.time() - _PART_S]
        for folder in [*by_age[self.keep :], *left]:
            shutil.rmtree(folder, ignore_errors=True)


def _modified(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0  # another worker was faster
