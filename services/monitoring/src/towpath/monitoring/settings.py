"""What monitoring can be told, beside what every service can (TOWPATH_…)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

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
