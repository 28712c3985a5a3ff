"""What the chart tells each process in its environment is what that process's settings read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from towpath.core.doctor.settings import DoctorSettings
from towpath.core.service import ServiceSettings
from towpath.ingestion.settings import IngestionSettings
from towpath.monitoring.settings import MonitoringSettings
from towpath.serving.settings import ServingSettings
from towpath.training.settings import TrainingSettings

SETTINGS: dict[str, type[ServiceSettings]] = {
    "ingestion": IngestionSettings,
    "serving": ServingSettings,
    "endpoint": ServingSettings,
    "monitoring": MonitoringSettings,
    "training": TrainingSettings,
    "topics": ServiceSettings,
    "test": DoctorSettings,
}


def variables(settings: type[BaseModel], prefix: str = "TOWPATH_") -> Iterator[str]:
    for name, field in settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from variables(inner, f"{prefix}{name.upper()}_")
        else:
            yield f"{prefix}{name.upper()}"


def environment_of(pod: dict[str, Any]) -> dict[str, str]:
    """With something for each secret."""
    (container,) = pod["spec"]["containers"]
    return {each["name"]: each.get("value", "a secret of a pod") for each in container["env"]}


def component_of(pod: dict[str, Any]) -> str:
    component: str = pod["metadata"]["labels"]["app.kubernetes.io/component"]
    return component


@pytest.fixture
def settings_of(example: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    def read(component: str) -> ServiceSettings:
        (pod,) = (pod for pod in example.pods.values() if component_of(pod) == component)
        for name in [each for each in os.environ if each.startswith(("TOWPATH_", "MLFLOW_"))]:
            monkeypatch.delenv(name)
        for name, value in environment_of(pod).items():
            monkeypatch.setenv(name, value)
        return SETTINGS[component]()

    return read


def test_every_variable_is_one_that_settings_read(example: Any) -> None:
    for name, pod in example.pods.items():
        if component_of(pod) in SETTINGS:
            told = {each for each in environment_of(pod) if each.startswith("TOWPATH_")}
            assert told - set(variables(SETTINGS[component_of(pod)])) == set(), name


def test_services_are_told_where_kafka_and_their_callers_are(example: Any, settings_of: Callable[[str], Any]) -> None:
    inside = example.name in ("minimal", "full")
    for component in ("ingestion", "serving", "endpoint", "monitoring", "training"):
        settings = settings_of(component)
        port = settings.kafka.bootstrap_servers.rsplit(":", 1)[1]
        assert (settings.kafka.bootstrap_servers == "towpath-kafka.towpath.svc:9092") == inside
        assert port in {"9092", "9093", "9094"}
        assert (settings.http.host, settings.http.port, settings.http.ops_port) == ("0.0.0.0", 8080, 9090)
        assert (settings.kafka.sasl_username is None) == (example.name == "minimal")
        assert (settings.auth.mode == "api-key") == (example.name in ("full", "production"))
        assert settings.store.url.startswith("s3://") == (
            example.name in ("full", "production") and component in ("serving", "endpoint", "training")
        )


def test_the_worker_and_the_endpoint_are_two_modes(settings_of: Callable[[str], Any]) -> None:
    worker, endpoint = settings_of("serving"), settings_of("endpoint")
    assert (worker.serving_mode, endpoint.serving_mode) == ("worker", "endpoint")
    assert worker.grace_s > worker.serving_transaction_timeout_s
    assert endpoint.serving_grpc_port == 9000


def test_monitoring_is_told_whom_to_tell(example: Any, settings_of: Callable[[str], Any]) -> None:
    monitoring = settings_of("monitoring")
    told = example.name == "full"
    managers = monitoring.monitoring_alertmanagers
    assert (managers and managers.get_secret_value()) == ("http://alertmanager.observability:9093" if told else None)
    assert (monitoring.monitoring_webhooks is not None) == told  # from a Secret
    (pod,) = (pod for pod in example.pods.values() if component_of(pod) == "monitoring")
    (container,) = pod["spec"]["containers"]
    mounts = {each["mountPath"] for each in container["volumeMounts"]}
    bearer = monitoring.monitoring_webhook_bearer_file
    assert (bearer is not None and str(bearer.parent) in mounts) == told


def test_training_is_told_how_to_run(example: Any, settings_of: Callable[[str], Any]) -> None:
    training = settings_of("training")
    assert training.training_runner == ("kfp" if example.name == "external" else "job")
    assert training.training_auto == (example.name == "full")
    assert training.training_cold_start
    uri = {"full": "http://towpath-mlflow:5000", "external": "https://mlflow.example"}.get(example.name, "")
    assert training.mlflow_tracking_uri == uri
    if example.name == "external":
        assert training.training_kfp_endpoint == "http://ml-pipeline.kubeflow:8888"
        assert training.training_volume_claim == "models"


def test_the_doctor_asks_every_service(settings_of: Callable[[str], Any]) -> None:
    doctor = settings_of("test")
    assert doctor.doctor_ingestion_url == "http://towpath-ingestion:8080"
    assert set(doctor.services) == {"ingestion", "serving", "endpoint", "monitoring", "training"}
    assert doctor.services["serving"] == "http://towpath-serving:9090"


def test_a_kafka_user_may_be_called_differently(examples: dict[str, Any]) -> None:
    external = examples["external"].pods
    ingestion = environment_of(external["Deployment/towpath-ingestion"])
    assert ingestion["TOWPATH_KAFKA_SASL_USERNAME"] == "nlp-ingestion"
    assert environment_of(external["Deployment/towpath-serving"])["TOWPATH_KAFKA_SASL_USERNAME"] == "serving"
    (topics,) = (pod for name, pod in external.items() if name.startswith("Job/towpath-topics"))
    assert environment_of(topics)["TOWPATH_KAFKA_USERNAMES"] == '{"ingestion":"nlp-ingestion"}'
    assert "--acls" in topics["spec"]["containers"][0]["args"]
