"""What training can be told, beside what every service can (TOWPATH_…)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from towpath.core.service import HttpSettings, ServiceSettings

__all__ = ["TrainingSettings"]


class _Http(HttpSettings):
    port: int = Field(8086, ge=0, le=65535)


class TrainingSettings(ServiceSettings):
    http: HttpSettings = _Http()
    objective: Path = Field(Path("objective.yaml"), description="read anew for each run")
    training_runner: Literal["direct", "kfp-local", "job", "kfp"] = Field(
        "direct",
        description="direct: a process here; kfp-local: the compiled pipeline, here; job: the same in a Kubernetes "
        "Job; kfp: submitted to a KFP API",
    )
    training_job_template: Path = Field(
        Path("/etc/towpath/job.yaml"), description="for job: a batch/v1 Job; name, labels and arguments are filled in"
    )
    training_job_start_s: float = Field(300.0, gt=0, description="for job: how long its pod may take to start")
    mlflow_tracking_uri: str = Field(
        "", validation_alias="MLFLOW_TRACKING_URI", description="of a server for runs and models; a file when empty"
    )
    training_kfp_endpoint: str = Field("", description="for kfp: URL of its API")
    training_kfp_namespace: str = Field("", description="for kfp with several users: whose runs they are")
    training_image: str = Field("", description="for kfp: image of the stages; the compiled one when empty")
    training_volume_claim: str = Field(
        "towpath-store", description="for kfp: claim with TOWPATH_HOME, in the namespace where its pods run"
    )
    training_auto: bool = Field(False, description="train when the objective's retraining policy says so")
    training_encoder: str | Path | None = Field(
        None, description="id of an imported encoder, or folder of a built one; all-MiniLM-L6-v2 when absent"
    )
    training_cold_start: bool = Field(
        False, description="where no release is, publish one that was trained on nothing: the costs decide"
    )
    training_online_documents: int = Field(
        20_000, ge=1, description="for an online head: texts kept for the feedback about them, the last ones"
    )
    training_online_characters: int = Field(50_000_000, ge=1, description="the same, in characters of all those texts")
    training_online_grace_s: float = Field(
        5.0, ge=0, description="for an online head: how late a record may come and still be learned from in order"
    )
