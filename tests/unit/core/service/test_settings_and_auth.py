"""Settings are read from the environment; a key is asked for wherever strangers could call."""

from __future__ import annotations

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from pydantic import SecretStr, ValidationError

from towpath.core.errors import CrashError
from towpath.core.service import AuthSettings, Health, HttpSettings, ServiceSettings, new_app, require_caller
from towpath.core.service.auth import check_exposure
from towpath.ingestion.settings import IngestionSettings
from towpath.monitoring.settings import MonitoringSettings
from towpath.serving.settings import ServingSettings
from towpath.training.settings import TrainingSettings


def test_the_environment_reaches_nested_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9093,kafka-2:9093")
    monkeypatch.setenv("TOWPATH_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TOWPATH_HTTP_PORT", "9000")
    monkeypatch.setenv("TOWPATH_TOPIC_PREFIX", "acme.")
    settings = ServiceSettings()
    assert settings.kafka.bootstrap_servers == "kafka-1:9093,kafka-2:9093"
    assert settings.kafka.security_protocol == "SASL_SSL"
    assert (settings.http.port, settings.topic_prefix) == (9000, "acme.")


def test_names_of_two_words_reach_nested_settings_of_every_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_HTTP_OPS_PORT", "9090")
    monkeypatch.setenv("TOWPATH_HTTP_MAX_CONNECTIONS", "7")
    monkeypatch.setenv("TOWPATH_HTTP_DRAIN_S", "2.5")
    for kind in (ServiceSettings, IngestionSettings, ServingSettings, MonitoringSettings, TrainingSettings):
        http = kind().http
        assert (http.ops_port, http.max_connections, http.drain_s) == (9090, 7, 2.5)


def test_a_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_KAFKA_SASL_PASSWORD", "hunter2")
    settings = ServiceSettings()
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(("name", "value"), [("TOWPATH_HTTP_PORT", "99999"), ("TOWPATH_TOPIC_PREFIX", "a/b")])
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=r"port|topic_prefix"):
        ServiceSettings()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    check_exposure(AuthSettings(), HttpSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "towpath.example.com"])
def test_a_network_address_without_a_key_is_refused_with_the_remedy(host: str) -> None:
    with pytest.raises(CrashError, match="TOWPATH_AUTH_MODE=api-key"):
        check_exposure(AuthSettings(), HttpSettings(host=host))
    check_exposure(AuthSettings(allow_anonymous_network=True), HttpSettings(host=host))


def test_api_key_mode_without_a_key_is_refused() -> None:
    with pytest.raises(CrashError, match="TOWPATH_AUTH_API_KEYS"):
        check_exposure(AuthSettings(mode="api-key"), HttpSettings())


@pytest.mark.parametrize(("key", "status"), [("one", 200), ("two", 200), ("three", 401), ("", 401), (None, 401)])
def test_only_an_accepted_key_gets_in(key: str | None, status: int) -> None:
    app = new_app("test", Health(), CollectorRegistry())
    auth = AuthSettings(mode="api-key", api_keys=SecretStr("one, two"))

    @app.get("/thing", dependencies=[Depends(require_caller(auth))])
    def thing() -> str:
        return "ok"

    client = TestClient(app)
    answer = client.get("/thing", headers={} if key is None else {"X-API-Key": key})
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "ApiKey"
    assert client.get("/livez").status_code == 200, "probes need no key"
