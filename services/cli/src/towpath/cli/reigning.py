"""Which bundle the commands predict with when none is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from towpath.cli.context import Installed, console, plain
from towpath.core.errors import NotFoundError, RejectedError, RetryableError
from towpath.core.stream import Codec, connect

if TYPE_CHECKING:
    from towpath.pipelines.scoring import BundleRef
    from towpath.v1 import ModelRelease

__all__ = ["bundle_at", "reigning", "reigning_bundle", "released"]

# A bundle on this disk is as good an answer as one that is waited for.
_PING_S = 2.0


def reigning(here: Installed, model_name: str | None = None) -> Path:
    """The reigning bundle's folder, fetched from the store unless it is on this machine; see `reigning_bundle`."""
    from towpath.pipelines.scoring.places import local_bundle

    return local_bundle(reigning_bundle(here, model_name), here.home / "bundles")


def reigning_bundle(here: Installed, model_name: str | None = None) -> BundleRef:
    """The release that reigns by Kafka; where Kafka does not answer or knows none, the newest bundle on this machine.

    Raises:
        NotFoundError: there is none of either.
        RejectedError: it lies where no bundles are read from.
        RetryableError: the store is away.
    """
    from towpath.pipelines.scoring.release import bundle_of

    try:
        found = _by_kafka(here, model_name)
        why = "no release is on Kafka"
    except RetryableError as error:
        found, why = None, str(error)
    if found is not None:
        return bundle_of(found, here.home, here.settings.store)
    return _newest(here, why, model_name)


def released(here: Installed, release_id: str) -> Path:
    """The bundle's folder of a release by its id: on this machine, else where Kafka says that it is.

    Raises:
        NotFoundError: Kafka knows no such release.
        RejectedError: it lies where no bundles are read from.
        RetryableError: Kafka or the store is away.
    """
    from towpath.pipelines.scoring.places import local_bundle
    from towpath.pipelines.scoring.release import bundle_of, release_of

    known = {each.name: each for each in (here.home / "bundles").glob("rel-*")}
    if release_id in known:
        return known[release_id]
    with here.broker() as broker:
        found = release_of(broker, Codec("json", "towpath/cli"), here.registry.full_name("models"), release_id)
    if found is None:
        raise NotFoundError(f"no release {release_id!r}: `towpath release list` shows those that there are")
    return local_bundle(bundle_of(found, here.home, here.settings.store), here.home / "bundles")


def bundle_at(folder: Path) -> BundleRef:
    """Raises RejectedError when it is no bundle."""
    from towpath.model import BundleError, manifest_sha256
    from towpath.pipelines.scoring import BundleRef, Place

    try:
        return BundleRef(Place(folder.resolve().as_uri()), manifest_sha256(folder))
    except BundleError as error:
        raise RejectedError(str(error)) from None


def _by_kafka(here: Installed, model_name: str | None) -> ModelRelease | None:
    from towpath.pipelines.scoring.release import reigning_release

    topic, kafka = here.registry.full_name("models"), here.kafka
    with connect(kafka) as broker:
        try:
            broker.ping(timeout_s=_PING_S)
        except RetryableError as error:
            raise RetryableError(f"no Kafka answers at {kafka.bootstrap_servers}") from error
        return reigning_release(broker, Codec("json", "towpath/cli"), topic, model_name)


def _newest(here: Installed, why: str, model_name: str | None) -> BundleRef:
    folders = sorted((here.home / "bundles").glob("rel-*"), key=lambda each: each.stat().st_mtime)
    if not folders or model_name is not None:
        which = f"of {model_name} " if model_name else ""
        raise NotFoundError(
            f"{why}, and no release {which}is below {here.home}: run `towpath train`, or name a bundle with --bundle "
            "(TOWPATH_HOME says where to look)"
        )
    console.print(plain(f"{why}: taking the newest bundle of this machine"), markup=False, highlight=False)
    return bundle_at(folders[-1])
