"""What ingestion can be told, beside what every service can (TOWPATH_…)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from towpath.core.errors import CrashError
from towpath.core.service import HttpSettings, ServiceSettings

__all__ = ["IngestionSettings"]


class _Http(HttpSettings):
    port: int = Field(8081, ge=0, le=65535)


class IngestionSettings(ServiceSettings):
    http: HttpSettings = _Http()
    objective: Path | None = Field(
        None,
        description="read at the start; its classes, limits and policy on personal data are obeyed",
    )
    max_line_bytes: int = Field(262_144, ge=1024, description="of one document, alone or in a stream")
    max_document_chars: int = Field(10_000, ge=1, description="of a document's text")
    max_sends: int = Field(32, ge=1, description="to Kafka at a time; more wait, and are answered 503 in the end")
    batch_messages: int = Field(500, ge=1, description="of a stream that are sent to Kafka together")
    batch_bytes: int = Field(524_288, ge=1024, description="of a stream that are held before they are sent")
    body_timeout_s: float = Field(30.0, gt=0, description="of silence of a client that is still sending")
    min_body_bytes_per_s: int = Field(128, ge=0, description="on average, once body_timeout_s has passed")
    send_timeout_s: float = Field(10.0, gt=0, description="for Kafka's acknowledgement")
    idempotency_keys: int = Field(10_000, ge=1, description="answers kept to be repeated")
    idempotency_ttl_s: float = Field(86_400.0, gt=0)
    labels_every_s: float = Field(60.0, gt=0, description="at most so often is the raters' agreement measured")
    labels_max_annotations: int = Field(
        200_000, ge=1000, description="held for that, 0.4 GiB a million; beyond it, those of a sample of documents"
    )
    labels_max_documents: int = Field(
        1_000_000, ge=1000, description="whose coming is remembered, 100 bytes each; beyond it none, and none waits"
    )
    ingestion_webhook_secret: SecretStr | None = Field(
        None, min_length=16, description="that webhooks show or sign with; without one there are no webhooks"
    )
    ingestion_webhook_secret_file: Path | None = Field(None, description="a file with that secret, instead")
    max_webhook_bytes: int = Field(
        2_097_152, ge=1024, le=2_097_152, description="of an event; more than that could not be parked"
    )

    def webhook_secret(self) -> bytes | None:
        """Raises CrashError when the file cannot be read, or holds less than 16 bytes."""
        if self.ingestion_webhook_secret is not None:
            return self.ingestion_webhook_secret.get_secret_value().encode()
        file = self.ingestion_webhook_secret_file
        if file is None:
            return None
        try:
            secret = file.read_bytes().strip()
        except OSError as error:
            raise CrashError(f"TOWPATH_INGESTION_WEBHOOK_SECRET_FILE: {error}") from None
        if len(secret) < 16:
            raise CrashError(f"TOWPATH_INGESTION_WEBHOOK_SECRET_FILE: {file} holds less than 16 bytes")
        return secret
