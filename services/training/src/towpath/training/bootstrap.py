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
from towpath.training.adapters.aliases import Aliases, move_challenger, move_champion
from towpath.training.adapters.cold_release import cold_release
from towpath.training.adapters.launch import Launch, new_launch
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.store import RunStore
from towpath.training.adapters.unlabelled import Unlabelled
from towpath.training.adapters.versions import Versions
from towpath.training.cold_start import ColdStart
from towpath.training.entrypoints import http, releases_http, retraining_http
from towpath.training.entrypoints.online import OnlineLoop
from towpath.training.entrypoints.verdicts import Verdicts
from towpath.training.entrypoints.watch import Watcher
from towpath.training.handlers import Trainer
from towpath.training.metrics import TrainingMetrics
from towpath.training.online import Ports
from towpath.training.retraining import Retraining
from towpath.training.rollouts import RolloutControl
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease

__all__ = ["build"]


def build(
    settings: TrainingSettings,
    *,
    broker: Broker | None = None,
    promote: Callable[[Path, ModelRelease], None] | None = None,
    challenge: Callable[[Path, str, ModelRelease | None], None] | None = None,
    launch: Launch | None = None,
) -> Service:
    """The service, on the broker that `settings` name unless another is given."""
    broker = broker or connect(settings.kafka)
    metrics, health = TrainingMetrics(CollectorRegistry()), Health()
    health.add("kafka", partial(broker.ping, timeout_s=1.5))
    codec, registry = Codec(settings.encoding, "towpath/training"), Registry.load(settings.topic_prefix)
    releases = Releases(broker, codec, registry)
    cold_start = ColdStart(releases, settings, partial(cold_release, settings))
    remote = open_store(settings.store)
    runs = RunStore(settings.home / "runs", remote)
    aliases = Aliases(settings, promote or move_champion, challenge or move_challenger)
    control = RolloutControl(releases, runs, settings, aliases)
    trainer = Trainer(
        broker=broker,
        codec=codec,
        registry=registry,
        store=runs,
        metrics=metrics,
        settings=settings,
        releases=releases,
        rollouts=control,
        launch=launch or new_launch(settings),
        cold_start=cold_start if settings.training_cold_start else None,
        remote=remote,
    )
    unlabelled = Unlabelled(broker, codec, registry)
    retraining = Retraining(trainer, broker, codec, registry.full_name("alerts"), unlabelled)
    app = new_app("Towpath training", health, metrics.registry, description="Runs, gates and releases.")
    decided = retraining_http.router(retraining, settings.training_auto)
    for router in (http.router(trainer), releases_http.router(control), decided):
        app.include_router(router, dependencies=[Depends(require_caller(settings.auth))])
    loops: list[Loop] = [trainer.loop]
    if settings.training_auto:
        loops.append(Watcher(retraining, registry).loop)
    ports = Ports(codec, releases, Versions(settings.home, remote), metrics, settings)
    loops.append(OnlineLoop(broker, registry, ports).loop)
    loops.append(aliases.loop)
    loops.append(Verdicts(control, broker, codec, registry.full_name("alerts")).loop)
    return Service("training", settings, health, metrics.registry, app, loops, [broker.close])
