"""What monitoring can be told, beside what every service can (TOWPATH_…)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from towpath.core.service import HttpSettings, ServiceSettings

__all__ = ["MonitoringSettings"]


class _Http(HttpSettings):
    port: int = Field(8085, ge=0, le=65535)


class MonitoringSettings(ServiceSettings):
    http: HttpSettings = _Http()
    objective: Path = Field(Path("objective.yaml"), description="its costs price feedback")
    monitoring_window_documents: int = Field(
        200_000, ge=1, description="predictions and feedback that are remembered to be joined; the oldest go first"
    )
    monitoring_releases: int = Field(20, ge=1, description="releases with figures of their own; more are 'other'")
    monitoring_data_documents: int = Field(
        5_000, ge=100, le=1_000_000, description="the last documents, by which data are judged as they come in"
    )
    monitoring_margin: float = Field(
        0.0, ge=0, description="by how much a document may become dearer, in the objective's unit, and nobody be paged"
    )
    monitoring_report_documents: int = Field(
        50_000,
        ge=100,
        le=5_000_000,
        description="the last predictions, among which the report says what is different; about 150 bytes each; 50,000 "
        "are a week of one every twelve seconds",
    )
    monitoring_alert_cooldown_seconds: float = Field(
        3600.0,
        ge=0,
        le=30 * 86_400,
        description="a cause that was over does not fire again for so long, unless it is worse than before: what comes "
        "and goes within an hour is one trouble, and it is seen to once",
    )
    monitoring_webhooks: SecretStr | None = Field(
        None, description="URLs, by comma, that are posted what Alertmanager's webhooks are (version 4)"
    )
    monitoring_alertmanagers: SecretStr | None = Field(
        None, description="Alertmanagers' URLs, by comma, that are posted what is open (/api/v2/alerts)"
    )
    monitoring_webhook_bearer_file: Path | None = Field(
        None, description="file with the bearer token that all of them are shown; read again at each post"
    )
