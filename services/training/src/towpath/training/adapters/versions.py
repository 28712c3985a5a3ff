"""Bundles of the online head: read from the static release's, written beside it, and told as releases.

ONNX and its runtime are imported where they are used: an installation without an online head pays for neither.
"""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from towpath.core.store import Store
from towpath.training.domain.online.head import Weights
from towpath.training.domain.online.learner import Version
from towpath.training.domain.online.releases import online_release
from towpath.v1 import ModelRelease

if TYPE_CHECKING:
    from towpath.model import Model
    from towpath.model.bundle import Bundle

__all__ = ["Static", "Versions"]

_KEPT = 3


@dataclass(frozen=True)
class Static:
    """The static release in memory: its bundle, the model to embed with, and its head."""

    release: ModelRelease
    bundle: Bundle
    model: Model
    weights: Weights


@dataclass
class Versions:
    """`home` keeps bundles; `store` is where all services find them, None for the home.

    On this disk, the last three of its own bundles stay: workers have one of them long before a fourth is there.
    """

    home: Path
    store: Store | None
    _made: deque[Path] = field(default_factory=deque)

    def load(self, release: ModelRelease) -> Static:
        """The bundle of a release, every byte checked.

        Raises:
            BundleError: it is not the bundle that was released, or has no head that can be taken over.
            TowpathError: it is not in the store any more, or the store is away.
        """
        from towpath.model import Model
        from towpath.model.build.rehead import head_of
        from towpath.model.bundle import read_bundle

        bundle = read_bundle(self._folder(release), sha256=release.bundle_sha256)
        head = head_of(bundle)
        # One thread, so that the same text gives the same bits wherever it is embedded.
        return Static(release, bundle, Model(bundle, threads=1), Weights(head.coef, head.intercept))

    def release(self, static: Static, version: Version, *, unit: str, code_revision: str) -> ModelRelease:
        """Build the version's bundle and put it where it is found; returns its release, which is on no topic yet.

        Raises:
            ValueError: its weights are not finite.
            OSError: no room.
            RetryableError: the store is away.
        """
        folder, sha256 = self._build(static, version)
        uri = folder.resolve().as_uri()
        if self.store is not None:
            uri = self.store.put_folder(folder, f"bundles/{folder.name}", marker="manifest.json")
        self._forget(folder)
        return online_release(
            static.release,
            version,
            release_id=folder.name,
            uri=uri,
            sha256=sha256,
            code_revision=code_revision,
            unit=unit,
        )

    def _folder(self, release: ModelRelease) -> Path:
        from towpath.model import listed_files, release_id_of

        own = self.home / "bundles" / release_id_of(release.bundle_sha256)
        if own.exists() or self.store is None or not self.store.url.holds(release.bundle_uri):
            return own if own.exists() else Path(unquote(urlsplit(release.bundle_uri).path))
        listed = partial(listed_files, sha256=release.bundle_sha256)
        self.store.get_folder(self.store.url.key(release.bundle_uri), own, marker="manifest.json", listed=listed)
        return own

    def _build(self, static: Static, version: Version) -> tuple[Path, str]:
        from towpath.model import manifest_sha256, release_id_of
        from towpath.model.build import Head
        from towpath.model.build.rehead import rehead

        bundles = self.home / "bundles"
        bundles.mkdir(parents=True, exist_ok=True)
        # How it was judged is told by the release: the bundle follows from static bundle and feedback alone.
        metrics = {"online_feedback": float(version.learned)}
        with TemporaryDirectory(dir=bundles, prefix=".online-") as part:
            head = Head(version.weights.coef, version.weights.intercept)
            made = rehead(static.bundle, Path(part) / "bundle", head, metrics=metrics)
            sha256 = manifest_sha256(made)
            target = bundles / release_id_of(sha256)
            if not target.exists():
                made.replace(target)
        return target, sha256

    def _forget(self, folder: Path) -> None:
        if folder not in self._made:
            self._made.append(folder)
        while len(self._made) > _KEPT:
            shutil.rmtree(self._made.popleft(), ignore_errors=True)
