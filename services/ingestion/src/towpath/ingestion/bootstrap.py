"""Ingestion's composition root."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from fastapi import Depends, FastAPI, Request, Response
from prometheus_client import CollectorRegistry

from towpath.core.errors import RetryableError
from towpath.core.objective import Objective, load_objective
from towpath.core.service import Health, Service, new_app, problem, require_caller
from towpath.core.stream import Broker, Codec, Message, Producer, Registry, connect
from towpath.ingestion.adapters.labels import LabelFollower
from towpath.ingestion.domain.labels import Known
from towpath.ingestion.domain.obedience import Rules
from towpath.ingestion.entrypoints import http, labels, webhooks
from towpath.ingestion.entrypoints.body import SlowBodyError
from towpath.ingestion.entrypoints.openapi import add_input_schemas
from towpath.ingestion.handlers import Intake, Interrupted
from towpath.ingestion.metrics import IngestionMetrics
from towpath.ingestion.settings import IngestionSettings

__all__ = ["build"]

_TOPICS = ("documents", "annotations", "feedback", "dead-letters")


class _LazyProducer:
    """Connects at the first message, so that the service starts while Kafka is away."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._lock = broker, threading.Lock()
        self._producer: Producer | None = None

    def send(self, messages: Sequence[Message], *, timeout_s: float) -> None:
        # Asked before anything is queued: a request fails within a second while Kafka is away.
        self._broker.ping(timeout_s=min(2.0, timeout_s))
        with self._lock:
            if self._producer is None:
                self._producer = self._broker.producer(client_id="towpath-ingestion")
        self._producer.send(messages, timeout_s=timeout_s)

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close()


def build(settings: IngestionSettings, *, broker: Broker | None = None, objective: Objective | None = None) -> Service:
    """The service, on the broker and objective that `settings` name unless others are given."""
    broker = broker or connect(settings.kafka)
    if objective is None and settings.objective is not None:
        objective = load_objective(settings.objective)
    registry = Registry.load(settings.topic_prefix)
    metrics = IngestionMetrics(CollectorRegistry())
    health = Health()
    health.add("kafka", partial(_topics_are_there, broker, registry))
    producer = _LazyProducer(broker)
    codec = Codec(settings.encoding, "towpath/ingestion")
    rules = None if objective is None else Rules(objective)
    intake = Intake(producer, codec, registry, metrics, settings, rules)  # type: ignore[arg-type]
    follower = _follower(intake, broker, objective)
    return Service(
        name="ingestion",
        settings=settings,
        health=health,
        metrics=metrics.registry,
        app=_app(intake, follower, health, metrics.registry),
        loops=[] if follower is None else [follower.run],
        close=[broker.close, producer.close],
    )


def _follower(intake: Intake, broker: Broker, objective: Objective | None) -> LabelFollower | None:
    if objective is None or objective.kind != "text-classification":
        return None
    settings = intake.settings
    known = Known(max_annotations=settings.labels_max_annotations, max_documents=settings.labels_max_documents)
    every_s, pace = settings.labels_every_s, intake.pace
    return LabelFollower(broker, Codec(), intake.registry, objective, known, intake.metrics, every_s, pace)


def _topics_are_there(broker: Broker, registry: Registry) -> None:
    present = broker.topics()
    missing = [name for name in _TOPICS if registry.full_name(name) not in present]
    if missing:
        raise RetryableError(f"no topic {', '.join(missing)}: create them (towpath topics --create)")


def _app(intake: Intake, follower: LabelFollower | None, health: Health, registry: CollectorRegistry) -> FastAPI:
    app = new_app("Towpath ingestion", health, registry, description="Documents, annotations and feedback in.")
    for router in (http.router(intake), labels.router(follower)):
        app.include_router(router, dependencies=[Depends(require_caller(intake.settings.auth))])
    # Label Studio has no API key: a webhook shows its own secret.
    app.include_router(webhooks.router(intake))
    app.add_exception_handler(Interrupted, _on_interrupted)
    app.add_exception_handler(SlowBodyError, _on_slow)
    add_input_schemas(app)
    return app


def _on_interrupted(_: Request, error: Exception) -> Response:
    account = error.account if isinstance(error, Interrupted) else None
    extra = {} if account is None else {"accepted": account.accepted, "lastLine": account.last_line}
    return problem(503, "Service Unavailable", str(error), headers={"Retry-After": "5"}, **extra)


def _on_slow(_: Request, error: Exception) -> Response:
    return problem(408, "Request Timeout", str(error), headers={"Connection": "close"})
