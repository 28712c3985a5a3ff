"""What the doctor can be told, beside how to reach Kafka (TOWPATH_…)."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator

from towpath.core.service import ServiceSettings

__all__ = ["DoctorSettings"]

_SERVICE = re.compile(r"[a-z][a-z0-9-]*=https?://[^,\s]+")


class DoctorSettings(ServiceSettings):
    doctor_ingestion_url: str | None = Field(None, description="where a document is posted; none is when absent")
    doctor_services: str = Field("", description="name=url,… whose /readyz is asked")
    doctor_api_key: SecretStr | None = Field(None, description="for ingestion, where it asks for one")
    doctor_wait_s: float = Field(60.0, gt=0, description="for the document's prediction")

    @property
    def services(self) -> dict[str, str]:
        """URL by name."""
        pairs = (each.split("=", 1) for each in self.doctor_services.split(",") if each)
        return {name: url.rstrip("/") for name, url in pairs}

    @field_validator("doctor_ingestion_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://\S+", value):
            raise ValueError("a URL is wanted, for example http://127.0.0.1:8081")
        return value

    @field_validator("doctor_services")
    @classmethod
    def _are_services(cls, value: str) -> str:
        for each in value.split(",") if value else ():
            if not _SERVICE.fullmatch(each):
                raise ValueError(f"name=url,… is wanted, not {each[:100]!r}; for example serving=http://127.0.0.1:9090")
        return value
