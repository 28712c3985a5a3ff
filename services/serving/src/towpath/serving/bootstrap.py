"""Serving's composition root."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from towpath.core.errors import CrashError
from towpath.core.service import Health, Loop, NotReadyError, Service
from towpath.core.store import open_store
from towpath.core.stream import Broker, Codec, Registry, connect
from towpath.model import BundleError
from towpath.serving.adapters.alarms import Alarms
from towpath.serving.adapters.bundles import BundleStore
from towpath.serving.adapters.cache import BundleCache
from towpath.serving.adapters.releases import ReleaseFollower
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.entrypoints.worker import Worker
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.serving.settings import ServingSettings

__all__ = ["build"]


class _Parts:
    """What worker and endpoint have in common: a slot, and what fills it."""

    def __init__(self, settings: ServingSettings, broker: Broker) -> None:
        self.settings, self.broker = settings, broker
        self.registry = Registry.load(settings.topic_prefix)
        self.codec = Codec(settings.encoding, "towpath/serving")
        self.metrics = ServingMetrics(CollectorRegistry())
        self.alarms = Alarms(broker, self.codec, self.registry)
        self.slot = ModelSlot()
        self.health = Health()
        self.store = _bundles(settings)
        self.loops: list[Loop] = []
        self._fill()

    def _fill(self) -> None:
        if self.settings.serving_bundle is not None:
            self._load(self.settings.serving_bundle)
            return
        follower = ReleaseFollower(
            broker=self.broker,
            codec=self.codec,
            registry=self.registry,
            load=self.store.load,
            slot=self.slot,
            metrics=self.metrics,
            model_name=self.settings.serving_model,
            alarm=self.alarms.refused,
        )
        self.loops.append(follower.run)
        self.health.add("kafka", partial(self.broker.ping, timeout_s=1.5))
        self.health.add("model", _model_check(self.slot, follower))

    def _load(self, folder: Path) -> None:
        try:
            self.slot.put(self.store.load_folder(folder))
        except BundleError as error:
            raise CrashError(f"TOWPATH_SERVING_BUNDLE cannot be served: {error}") from error


def _bundles(settings: ServingSettings) -> BundleStore:
    root, store = settings.home / "bundles", open_store(settings.store)
    cache = BundleCache(store, root / "cache", settings.serving_bundles_kept) if store is not None else None
    # The stream's batches share the cores with Kafka's client, and somebody waits for the endpoint's single text.
    return BundleStore(root, settings.serving_threads, cache, side_by_side=settings.serving_mode == "worker")


def build(settings: ServingSettings, *, broker: Broker | None = None) -> Service:
    """The worker or the endpoint, on the broker that `settings` name unless another is given."""
    made = _Parts(settings, broker or connect(settings.kafka))
    return _endpoint(made) if settings.serving_mode == "endpoint" else _worker(made)


def _endpoint(made: _Parts) -> Service:
    # Imported here: the worker needs none of KServe, and it is slow.
    from towpath.serving.entrypoints.server import new_endpoint

    endpoint = new_endpoint(made.settings, made.slot, made.health, made.metrics)
    return Service(
        name="serving-endpoint",
        settings=made.settings,
        health=made.health,
        metrics=made.metrics.registry,
        app=endpoint.app,
        loops=[*made.loops, endpoint.grpc, endpoint.shadow.run],
        close=[made.broker.close],
    )


def _worker(made: _Parts) -> Service:
    settings = made.settings
    if settings.serving_bundle is not None:
        made.health.add("kafka", partial(made.broker.ping, timeout_s=1.5))
    predict = PredictBatch(
        codec=made.codec,
        registry=made.registry,
        metrics=made.metrics,
        budget=DeadLetterBudget(settings.serving_dead_letters_ratio, settings.serving_dead_letters_min),
        max_document_chars=settings.serving_max_document_chars,
    )
    worker = Worker(
        broker=made.broker,
        slot=made.slot,
        predict=predict,
        metrics=made.metrics,
        alarm=made.alarms.flood,
        topic=made.registry.full_name("documents"),
        group=settings.topic_prefix + settings.serving_group,
        transactional_id=f"{settings.topic_prefix}{settings.serving_group}.{settings.serving_instance}",
        batch_documents=settings.serving_batch_documents,
        batch_s=settings.serving_batch_seconds,
        transaction_timeout_s=settings.serving_transaction_timeout_s,
    )
    return Service(
        name="serving",
        settings=settings,
        health=made.health,
        metrics=made.metrics.registry,
        loops=[*made.loops, worker.run],
        close=[made.broker.close],
    )


def _model_check(slot: ModelSlot, follower: ReleaseFollower) -> Callable[[], None]:
    def check() -> None:
        # A refused release is told in logs and metrics; while an older one serves, the service is ready.
        if slot.get() is None:
            raise NotReadyError(follower.refusal or "no release on the models topic yet: train one (towpath train)")

    return check
