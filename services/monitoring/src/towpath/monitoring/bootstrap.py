"""Monitoring's composition root."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import Depends
from prometheus_client import CollectorRegistry

from towpath.core.objective import Objective, load_objective
from towpath.core.service import Health, Loop, NotReadyError, Service, new_app, require_caller
from towpath.core.stream import Broker, Codec, Registry, connect
from towpath.monitoring.adapters.alert_topic import AlertTopic
from towpath.monitoring.adapters.receivers import receivers
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.data import DATA_CAUSES, DataMonitor
from towpath.monitoring.domain.budget import Budget
from towpath.monitoring.domain.finding import Monitor
from towpath.monitoring.drift import CAUSES, DriftWatch
from towpath.monitoring.entrypoints import alerts_http, data_http, drift_http, http, windows_http
from towpath.monitoring.entrypoints.alertmanager import AlertmanagerLoop
from towpath.monitoring.entrypoints.consumer import Reader
from towpath.monitoring.entrypoints.documents import DataWatch
from towpath.monitoring.entrypoints.stability import StabilityWatch
from towpath.monitoring.entrypoints.webhooks import WebhookLoop
from towpath.monitoring.handlers import Watch
from towpath.monitoring.metrics import MonitoringMetrics
from towpath.monitoring.performance import CAUSE, Performance
from towpath.monitoring.rollouts import RolloutWatch
from towpath.monitoring.settings import MonitoringSettings
from towpath.monitoring.volume import CAUSE as VOLUME
from towpath.monitoring.volume import VolumeWatch
from towpath.monitoring.windows import WindowWatch

__all__ = ["build"]


def build(
    settings: MonitoringSettings,
    *,
    broker: Broker | None = None,
    objective: Objective | None = None,
    also: Sequence[Monitor] = (),
) -> Service:
    """The service, on the broker and objective that `settings` name unless others are given.

    `also`: monitors beside its own.
    """
    broker = broker or connect(settings.kafka)
    objective = objective or load_objective(settings.objective)
    metrics, health = MonitoringMetrics(CollectorRegistry()), Health()
    watch = Watch(objective, metrics, settings.monitoring_window_documents, settings.monitoring_releases)
    codec, registry = Codec(settings.encoding, "towpath/monitoring"), Registry.load(settings.topic_prefix)
    trials = RolloutWatch(objective, metrics, settings.monitoring_window_documents)
    windows = WindowWatch(objective, settings.monitoring_report_documents)
    budget = Budget.of(objective.contract.monitoring.false_alarms, (CAUSE, *CAUSES, *DATA_CAUSES, VOLUME))
    performance = Performance(
        objective,
        metrics,
        settings.monitoring_window_documents,
        settings.monitoring_releases,
        budget,
        settings.monitoring_margin,
    )
    drift = DriftWatch(objective, metrics, budget)
    volume = VolumeWatch(objective, metrics, budget)
    data = DataMonitor(objective, metrics, budget, settings.monitoring_data_documents)
    monitors: list[Monitor] = [performance, drift, windows, data, volume, *also]
    desk = AlertDesk(objective.name, settings.monitoring_alert_cooldown_seconds)
    topic = AlertTopic(broker, codec, registry, desk, metrics)
    reader = Reader(broker, codec, registry, watch, trials, desk, topic, monitors)
    stability = StabilityWatch(broker, registry.full_name("predictions"), "predictions", metrics)
    documents = DataWatch(broker, codec, registry.full_name("documents"), data)
    health.add("kafka", partial(broker.ping, timeout_s=1.5))
    health.add("history", partial(_caught_up, reader))
    app = new_app("Towpath monitoring", health, metrics.registry, description="What predictions are worth.")
    loops = [reader.loop, stability.loop, documents.loop, *_senders(settings, topic, objective.unit, reader)]
    caller = [Depends(require_caller(settings.auth))]
    app.include_router(http.router(watch, performance, trials), dependencies=caller)
    app.include_router(windows_http.router(windows), dependencies=caller)
    app.include_router(drift_http.router(drift), dependencies=caller)
    app.include_router(data_http.router(data, volume), dependencies=caller)
    app.include_router(alerts_http.router(desk, topic, reader.caught_up.is_set), dependencies=caller)
    return Service("monitoring", settings, health, metrics.registry, app, loops, [broker.close])


def _senders(settings: MonitoringSettings, topic: AlertTopic, unit: str, reader: Reader) -> list[Loop]:
    """A loop for each who is to be told of alerts."""
    token, metrics = settings.monitoring_webhook_bearer_file, topic.metrics
    hooks = receivers("webhook", settings.monitoring_webhooks, token, metrics)
    managers = receivers("alertmanager", settings.monitoring_alertmanagers, token, metrics, "/api/v2/alerts")
    return [
        *(WebhookLoop(topic.broker, topic.codec, topic.registry, each, unit).loop for each in hooks),
        *(AlertmanagerLoop(topic.desk, each, unit, reader.caught_up).loop for each in managers),
    ]


def _caught_up(reader: Reader) -> None:
    if not reader.caught_up.is_set():
        raise NotReadyError("predictions and feedback from before the start are still being read")
