"""`python -m towpath.pipelines.scoring`: what a CronJob runs. Tells what it did as JSON lines on standard output."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from towpath.core.errors import NotFoundError, RejectedError, TowpathError
from towpath.core.service import ServiceSettings
from towpath.core.stream import Broker, Codec, Registry, connect
from towpath.model import manifest_sha256
from towpath.pipelines.scoring.batch import Batch
from towpath.pipelines.scoring.documents import documents_of, open_documents
from towpath.pipelines.scoring.engines import Engine, Here, Processes
from towpath.pipelines.scoring.manifest import Manifest
from towpath.pipelines.scoring.places import BundleRef, Place
from towpath.pipelines.scoring.release import bundle_of, reigning_release
from towpath.pipelines.scoring.staging import Limit
from towpath.pipelines.scoring.stream import Since
from towpath.pipelines.telling import tell
from towpath.preparation.sources import Reading

__all__ = ["main", "run"]

_TERMINATED = 128 + signal.SIGTERM
_EXAMPLE = """examples:
  python -m towpath.pipelines.scoring
      what came over Kafka since the last time, by the release that reigns
  python -m towpath.pipelines.scoring --over s3://bucket/towpath/snapshots/77ab…
      a snapshot
It writes below TOWPATH_STORE_URL, or TOWPATH_HOME where there is none: predictions/<release>/<snapshot>/."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when all is scored, also when nothing was new; 1 when not: another run goes on."""
    options = _parser().parse_args(arguments)
    # The first process of a container has no default for it. What is done by now is kept.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(_TERMINATED))
    settings = ServiceSettings()
    if options.home is not None:
        settings = settings.model_copy(update={"home": options.home})
    try:
        with connect(settings.kafka) as broker:
            for made in run(options, settings, broker):
                tell({"result": _plain(made)})
    except (TowpathError, OSError, ValueError) as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def run(options: argparse.Namespace, settings: ServiceSettings, broker: Broker) -> list[Manifest]:
    """The manifests of what was scored."""
    store = settings.store
    place = Place.of_store(store) if store.url else Place.of_folder(settings.home)
    registry, codec = Registry.load(settings.topic_prefix), Codec(settings.encoding, "towpath/scoring")
    batch = Batch(
        bundle=_bundle(options, settings, broker, codec, registry),
        place=place,
        engine=_engine(options),
        home=settings.home,
        limit=Limit(options.max_refused),
        on_part=lambda done: tell({"documents": done}),
    )
    if options.over:
        source = open_documents(options.over, Reading(), store)
        return [batch.over(documents_of(source), options.over)]
    topic = registry.full_name("documents")
    return batch.since_last_time(topic, lambda since: Since(broker, codec, topic, since))


def _bundle(
    options: argparse.Namespace, settings: ServiceSettings, broker: Broker, codec: Codec, registry: Registry
) -> BundleRef:
    if options.bundle:
        return _named(options.bundle, options.bundle_sha256, settings)
    release = reigning_release(broker, codec, registry.full_name("models"), options.model)
    if release is None:
        raise NotFoundError(f"no release of {options.model or 'any model'} on Kafka yet: train one (towpath train)")
    return bundle_of(release, settings.home, settings.store)


def _named(bundle: str, sha256: str, settings: ServiceSettings) -> BundleRef:
    if "://" not in bundle:
        folder = Path(bundle)
        return BundleRef(Place(folder.resolve().as_uri()), sha256 or manifest_sha256(folder))
    if not sha256:
        raise RejectedError("a bundle by URL needs --bundle-sha256, which its release says: it is checked by that")
    return BundleRef(Place.of_store(settings.store, bundle), sha256)


def _engine(options: argparse.Namespace) -> Engine:
    if options.dask:
        from towpath.pipelines.scoring.dask import Dask

        return Dask(options.dask)
    return Processes(options.workers) if options.workers > 1 else Here()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.pipelines.scoring",
        description="Score documents into the store: each once a release, in parts, resumable.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--over", metavar="SOURCE", help="a snapshot's folder, a file, a folder or s3://bucket/prefix")
    parser.add_argument("--home", type=Path, help="instead of TOWPATH_HOME")
    parser.add_argument("--bundle", default="", help="folder or URL of a bundle; the reigning release's when absent")
    parser.add_argument("--bundle-sha256", default="", help="of its manifest; needed for a URL")
    parser.add_argument("--model", help="whose reigning release; the last of any when absent")
    parser.add_argument("--workers", type=int, default=1, help="processes of this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster")
    parser.add_argument("--max-refused", type=float, default=0.1, help="share of unusable documents that stops it")
    return parser


def _plain(made: Manifest) -> dict[str, Any]:
    totals = made.totals.model_dump()
    return {"release": made.release_id, "snapshot": made.input.id, "source": made.input.source, **totals}


if __name__ == "__main__":
    sys.exit(main())
