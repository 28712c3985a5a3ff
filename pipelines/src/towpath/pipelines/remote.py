"""A run and the store: what it needs is fetched into the run's folder, what it made is published."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from towpath.core.errors import RejectedError
from towpath.core.service import ServiceSettings
from towpath.core.store import Store, open_store
from towpath.model import listed_files, release_id_of
from towpath.pipelines.inputs import RunResult
from towpath.pipelines.stages import Work
from towpath.v1 import ModelRelease

__all__ = ["chosen_store", "fetch_file", "fetch_reigning", "publish", "publish_bundle"]

_MAX_INPUT_BYTES = 16 * 2**30
_SMALL = (
    "inputs.json",
    "snapshot.json",
    "data.json",
    "int8.json",
    "metrics.json",
    "behaviour.json",
    "behaviour.html",
    "gate.json",
    "reference.json",
    "report.md",
    "report.html",
)
_DATA = ("data-report.json", "data-report.html")


def chosen_store(url: str | None) -> Store | None:
    """The store at `url`, else TOWPATH_STORE_URL's, else none; the rest of TOWPATH_STORE_… holds for either.

    Raises:
        RejectedError: it is no store's URL.
    """
    told = ServiceSettings().store
    return open_store(told if url is None else told.model_copy(update={"url": url}))


def fetch_file(store: Store | None, given: str, target: Path) -> Path:
    """`given` as a file: a path as it is, a URL in the store fetched to `target`.

    Raises:
        RejectedError: the URL is not in the store, or there is none.
        RetryableError: the store is away.
    """
    if "://" not in given:
        return Path(given)
    if store is None:
        raise RejectedError(f"{given[:200]!r} is a URL: name the store that it is in with --store")
    store.get_file(store.url.key(given), target, max_bytes=_MAX_INPUT_BYTES)
    return target


def fetch_reigning(store: Store | None, reigning: ModelRelease | None, home: Path) -> Path | None:
    """The reigning bundle's folder, fetched unless it is there; None where it is not in the store.

    Its manifest is held against the release here, its other files when it is loaded.

    Raises:
        BundleError: it is not the bundle that was released.
        TowpathError: it is not in the store any more, or the store is away.
    """
    if store is None or reigning is None or not reigning.snapshot_id or not store.url.holds(reigning.bundle_uri):
        return None
    sha256 = reigning.bundle_sha256
    target = home / "bundles" / release_id_of(sha256)
    listed = partial(listed_files, sha256=sha256)
    store.get_folder(store.url.key(reigning.bundle_uri), target, marker="manifest.json", listed=listed)
    return target


def publish(store: Store, result: RunResult, folder: Path) -> RunResult:
    """Snapshot, bundle and the run's small files into the store; returns the result with the store's URLs.

    Raises:
        RetryableError: the store is away.
    """
    snapshot = Path(Work(folder).read("snapshot")["path"])
    store.put_folder(snapshot, f"snapshots/{snapshot.name}", marker="snapshot.json")
    for name in (*_SMALL, *_DATA):
        if (folder / name).exists():
            store.put_file(folder / name, f"runs/{result.run_id}/{name}")
    told = replace(result, report_url=store.url.of(f"runs/{result.run_id}/{result.report.name}"))
    if result.release is None or result.bundle is None:
        return told
    release = ModelRelease()
    release.CopyFrom(result.release)
    release.bundle_uri = publish_bundle(store, result.bundle)
    return replace(told, release=release)


def publish_bundle(store: Store, bundle: Path) -> str:
    """The bundle under its own name; returns its URL. Raises RetryableError when the store is away."""
    return store.put_folder(bundle, f"bundles/{bundle.name}", marker="manifest.json")
