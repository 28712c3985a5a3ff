"""Where shards lie and predictions go, in words that another machine can follow: paths and hashes, nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from towpath.core.errors import RejectedError
from towpath.core.service import StoreSettings
from towpath.core.store import Store, open_store
from towpath.model import BundleError, Model, listed_files, manifest_sha256, release_id_of
from towpath.model.bundle import read_bundle

__all__ = ["About", "BundleRef", "Place", "about", "here", "local_bundle", "model_of", "sha256_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """A folder by URL, file:///… or s3://…; credentials are the environment's where it is opened."""

    url: str
    endpoint_url: str | None = None
    region: str | None = None

    @classmethod
    def of_folder(cls, folder: Path) -> Place:
        """Made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder.resolve().as_uri())

    @classmethod
    def of_store(cls, told: StoreSettings, url: str | None = None) -> Place:
        """`url`, or the store's own; endpoint and region are the store's."""
        return cls(url or told.url, told.endpoint_url, told.region)

    def below(self, key: str) -> Place:
        return Place(f"{self.url}/{key}", self.endpoint_url, self.region)

    def open(self) -> Store:
        """Raises RejectedError when it is no store's URL."""
        return _opened(self)


@lru_cache(maxsize=16)
def _opened(place: Place) -> Store:
    # A client of S3 takes a while to make, and threads may share it.
    store = open_store(StoreSettings(url=place.url, endpoint_url=place.endpoint_url, region=place.region))
    if store is None:
        raise RejectedError("a place needs a URL: file:///folder or s3://bucket/prefix")
    if store.url.protocol == "file":
        Path(store.url.path).mkdir(parents=True, exist_ok=True)
    return store


@dataclass(frozen=True, slots=True)
class BundleRef:
    """A bundle's folder, and the sha256 of its manifest, which holds that of every file."""

    place: Place
    sha256: str

    @property
    def release_id(self) -> str:
        return release_id_of(self.sha256)


@dataclass(frozen=True, slots=True)
class About:
    """What predictions say of their model."""

    model_name: str
    release_id: str
    objective_hash: str
    unit: str
    classes: tuple[str, ...]


def about(folder: Path, sha256: str) -> About:
    """Of a bundle that lies here.

    Raises:
        RejectedError: it is no bundle, or another one.
    """
    try:
        bundle = read_bundle(folder, sha256=sha256)
        unit = str(json.loads(bundle.files["objective.json"])["contract"]["costs"].get("unit", ""))
    except (ValueError, KeyError, AttributeError) as error:
        raise RejectedError(str(error)) from None
    told = bundle.manifest
    return About(told.name, release_id_of(sha256), told.lineage.objective_hash, unit, told.classes)


def here(ref: BundleRef, cache: Path) -> BundleRef:
    """The same bundle as a folder of this machine; see `local_bundle`."""
    return BundleRef(Place(local_bundle(ref, cache).resolve().as_uri()), ref.sha256)


def local_bundle(ref: BundleRef, cache: Path) -> Path:
    """The bundle's folder on this machine, fetched below `cache` unless it is a folder here.

    Raises:
        RejectedError: nothing is there, or another bundle than was meant.
        RetryableError: the store is away.
    """
    parts = urlsplit(ref.place.url)
    if parts.scheme == "file":
        return _checked(Path(unquote(parts.path)), ref.sha256)
    above, _, name = ref.place.url.rstrip("/").rpartition("/")
    target = cache / ref.release_id
    store = Place(above, ref.place.endpoint_url, ref.place.region).open()
    try:
        store.get_folder(name, target, marker="manifest.json", listed=partial(listed_files, sha256=ref.sha256))
    except BundleError as error:
        raise RejectedError(f"{ref.place.url}: {error}") from None
    return target


def _checked(folder: Path, sha256: str) -> Path:
    try:
        found = manifest_sha256(folder)
    except BundleError as error:
        raise RejectedError(str(error)) from None
    if found != sha256:
        raise RejectedError(f"{folder}: manifest.json has sha256 {found}, the release says {sha256}")
    return folder


_models: dict[tuple[str, int | None], Model] = {}
_loading = threading.Lock()


def model_of(ref: BundleRef, threads: int | None) -> Model:
    """The model, loaded once a process and checked by its hash.

    Raises:
        RejectedError: it is no bundle, or another one.
        RetryableError: the store is away.
    """
    with _loading:
        key = (ref.sha256, threads)
        if key not in _models:
            folder = local_bundle(ref, Path(tempfile.gettempdir()) / f"towpath-bundles-{os.getuid()}")
            try:
                made = Model.load(folder, sha256=ref.sha256, threads=threads)
            except BundleError as error:
                raise RejectedError(str(error)) from None
            _models.clear()
            _models[key] = made
        return _models[key]


def sha256_of(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
