"""Which release reigns, by Kafka, and where its bundle may be read from."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from towpath.core.errors import RejectedError
from towpath.core.service import StoreSettings
from towpath.core.store import open_store
from towpath.core.stream import Broker, Codec, read_history
from towpath.pipelines.scoring.places import BundleRef, Place
from towpath.v1 import ModelRelease

__all__ = ["bundle_of", "reigning_release", "release_of"]


def reigning_release(broker: Broker, codec: Codec, topic: str, model_name: str | None = None) -> ModelRelease | None:
    """The last release of that model, of any when no name is given; None where there is none.

    Raises:
        RetryableError: Kafka went away.
    """
    if topic not in broker.topics():
        return None
    found = None
    for release in read_history(broker, codec, topic, ModelRelease, client_id="towpath-scoring"):
        if model_name in (None, release.model_name):
            found = release
    return found


def release_of(broker: Broker, codec: Codec, topic: str, release_id: str) -> ModelRelease | None:
    """A release by its id; None where the topic has none of that id any more.

    Raises:
        RetryableError: Kafka went away.
    """
    if topic not in broker.topics():
        return None
    known = read_history(broker, codec, topic, ModelRelease, client_id="towpath-scoring")
    return next((each for each in reversed(list(known)) if each.release_id == release_id), None)


def bundle_of(release: ModelRelease, home: Path, store: StoreSettings) -> BundleRef:
    """Its bundle, when that lies below `home`/bundles or in the store. Nothing else is opened, whatever a URI says.

    Raises:
        RejectedError: it lies elsewhere.
    """
    uri, sha256 = release.bundle_uri, release.bundle_sha256
    opened = open_store(store)
    if opened is not None and opened.url.holds(uri):
        opened.url.key(uri)
        return BundleRef(Place.of_store(store, uri), sha256)
    parts, root = urlsplit(uri), (home / "bundles").resolve()
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and not (parts.query or parts.fragment):
        folder = Path(unquote(parts.path)).resolve()
        if folder.is_relative_to(root):
            return BundleRef(Place(folder.as_uri()), sha256)
    raise RejectedError(
        f"release {release.release_id} lies at {uri[:200]!r}, neither below {root} nor in the store: set TOWPATH_HOME "
        "or TOWPATH_STORE_URL, or name a bundle with --bundle"
    )
