"""Training's composition root."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fastapi import Depends
from prometheus_client import CollectorRegistry

from towpath.core.service import Health, Loop, Service, new_app, require_caller
from towpath.core.store import open_store
from towpath.core.stream import Broker, Codec, Registry, connect
from towpath.training.adapters.cold_release import cold_release
from towpath.training.adapters.launch import Launch, new_launch
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.store import RunStore
from towpath.training.cold_start import ColdStart
from towpath.training.entrypoints import http
from towpath.training.entrypoints.watch import Watcher
from towpath.training.handlers import Trainer
from towpath.training.metrics import TrainingMetrics
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease

__all__ = ["build"]


def build(
    settings: TrainingSettings,
    *,
    broker: Broker | None = None,
    promote: Callable[[Path, ModelRelease], None] | None = None,
    launch: Launch | None = None,
) -> Service:
    """The service, on the broker that `settings` name unless another is given."""
    broker = broker or connect(settings.kafka)
    metrics, health = TrainingMetrics(CollectorRegistry()), Health()
    health.add("kafka", partial(broker.ping, timeout_s=1.5))
    codec, registry = Codec(settings.encoding, "towpath/training"), Registry.load(settings.topic_prefix)
    releases = Releases(broker, codec, registry)
    cold_start = ColdStart(releases, settings, partial(cold_release, settings))
    trainer = Trainer(
        broker=broker,
        codec=codec,
        registry=registry,
        store=RunStore(settings.home / "runs"),
        metrics=metrics,
        settings=settings,
        releases=releases,
        launch=launch or new_launch(settings),
        promote=promote or _promote,
        cold_start=cold_start if settings.training_cold_start else None,
        remote=open_store(settings.store),
    )
    app = new_app("Towpath training", health, metrics.registry, description="Runs, gates and releases.")
    app.include_router(http.router(trainer), dependencies=[Depends(require_caller(settings.auth))])
    loops: list[Loop] = [trainer.loop]
    if settings.training_auto:
        loops.append(Watcher(trainer).loop)
    return Service("training", settings, health, metrics.registry, app, loops, [broker.close])


def _promote(home: Path, release: ModelRelease) -> None:
    # MLflow takes seconds to import; most lives of this service never release.
    from towpath.pipelines.tracking import promote

    promote(home, release)
