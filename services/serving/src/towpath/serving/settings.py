"""What serving can be told, beside what every service can (TOWPATH_…)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Literal

from pydantic import Field

from towpath.core.service import HttpSettings, ServiceSettings

__all__ = ["ServingSettings"]


class _Http(HttpSettings):
    port: int = Field(8082, ge=0, le=65535)


class ServingSettings(ServiceSettings):
    http: HttpSettings = _Http()
    serving_mode: Literal["worker", "endpoint"] = Field(
        "worker", description="worker: documents to predictions over Kafka; endpoint: Open Inference Protocol"
    )
    serving_model: str | None = Field(None, description="name of the model to follow; any when absent")
    serving_bundle: Path | None = Field(None, description="serve this bundle and follow no releases")
    serving_bundles_kept: int = Field(3, ge=1, description="bundles of the store that stay on this machine's disk")
    serving_group: str = Field("towpath.serving", description="consumer group of the workers, led by the topic prefix")
    serving_instance: str = Field(
        default_factory=socket.gethostname,
        description="this worker among those of the group: it fences its predecessor of the same name",
    )
    serving_threads: int | None = Field(None, ge=1, description="for inference; all cores when absent")
    # More would only take memory: 500 tweets sort by length as well as thousands do.
    serving_batch_documents: int = Field(500, ge=1, description="at most in one transaction")
    # What a document waits for at most when many wait. Below a second, the fixed part of a commit begins to show.
    serving_batch_seconds: float = Field(1.0, gt=0, description="of inference at most in one transaction, by the speed")
    serving_transaction_timeout_s: float = Field(20.0, gt=0)
    serving_max_document_chars: int = Field(100_000, ge=1, description="longer documents go to dead-letters")
    serving_dead_letters_ratio: float = Field(0.5, gt=0, le=1, description="of the last thousand that stops the worker")
    serving_dead_letters_min: int = Field(100, ge=1, description="dead letters before the ratio counts")
    serving_grpc_port: int = Field(8084, ge=1, le=65535, description="endpoint only")
    serving_max_texts: int = Field(256, ge=1, description="of one request to the endpoint")
    serving_max_body_bytes: int = Field(8 * 2**20, ge=1024, description="of one request to the endpoint")
    serving_body_timeout_s: float = Field(30.0, gt=0, description="for a request's body to arrive")
    serving_concurrent_requests: int = Field(4, ge=1, description="inferences at a time; more of them wait")
