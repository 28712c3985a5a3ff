"""From a release to a model in memory: the bundle must lie where bundles lie, and be the one that was released."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from towpath.model import BundleError, Model
from towpath.serving.adapters.cache import BundleCache
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import Serving
from towpath.v1 import ModelRelease

__all__ = ["BundleStore"]

_SHORT, _TWEETS = ["ok"], [f"a text as long as many a tweet is, to warm up with, number {n}" for n in range(16)]


@dataclass(frozen=True)
class BundleStore:
    """Bundles below `root` and in the cache's store. Nothing else is ever opened, whatever a URI says."""

    root: Path
    threads: int | None = None
    cache: BundleCache | None = None
    side_by_side: bool = False

    def load(self, release: ModelRelease) -> Serving:
        """The released model, every byte checked before anything is made of it.

        Raises:
            BundleError: with the reason why it will never be loaded.
            RetryableError: the store is away.
        """
        if self.cache is not None and not release.bundle_uri.startswith(self.root.resolve().as_uri() + "/"):
            return self._load_from(self.cache, release)
        return self._released(self.locate(release.bundle_uri), release)

    def load_folder(self, folder: Path) -> Serving:
        """A bundle without a release, from any folder that the operator names."""
        model = Model.load(folder, threads=self.threads, side_by_side=self.side_by_side)
        return self._warm(model, model.manifest.name, model.release_id)

    def locate(self, uri: str) -> Path:
        """The folder that `uri` names.

        Raises:
            BundleError: not file://, or not below the root once everything is resolved.
        """
        try:
            parts = urlsplit(uri)
        except ValueError as error:
            raise BundleError(f"bundle URI {uri[:200]!r}: {error}") from error
        if parts.scheme != "file" or parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise BundleError(f"bundle URI {uri[:200]!r}: only file:///… without query or fragment is read")
        if "\\" in uri or ";" in uri or "%" in unquote(parts.path) or "\x00" in unquote(parts.path):
            raise BundleError(f"bundle URI {uri[:200]!r}: has characters that no bundle's path has")
        named = Path(unquote(parts.path))
        try:
            root, folder = self.root.resolve(), named.resolve()
        except (OSError, RuntimeError) as error:
            raise BundleError(f"bundle URI {uri[:200]!r}: {str(error)[:200]}") from error
        if ".." in named.parts or not folder.is_relative_to(root) or folder == root:
            raise BundleError(f"bundle URI {uri[:200]!r}: is not below {root}")
        return folder

    def _load_from(self, cache: BundleCache, release: ModelRelease) -> Serving:
        kept = cache.holds(release.bundle_sha256)
        folder = cache.get(release.bundle_uri, release.bundle_sha256)
        try:
            return self._released(folder, release)
        except BundleError:
            cache.drop(folder)
            if not kept:
                raise
        # It was this disk that damaged it, perhaps: what the store has counts.
        return self._released(cache.get(release.bundle_uri, release.bundle_sha256), release)

    def _released(self, folder: Path, release: ModelRelease) -> Serving:
        model = Model.load(folder, sha256=release.bundle_sha256, threads=self.threads, side_by_side=self.side_by_side)
        return self._warm(model, release.model_name, release.release_id)

    @staticmethod
    def _warm(model: Model, name: str, release_id: str) -> Serving:
        # The first runs allocate; no document should wait for it. They also show that the graph runs, on the longest
        # text as well: else each of these would be a dead letter.
        try:
            for texts in (_SHORT, _TWEETS, ["word " * model.manifest.max_tokens]):
                model.predict(texts)
        except ValueError as error:
            raise BundleError(f"the bundle cannot predict: {error}") from error
        return Serving(model, Released(name, release_id, model.manifest.lineage.objective_hash))
