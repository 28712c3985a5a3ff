"""POST /v1/runs starts a run, GET follows it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from towpath.core.service import problems
from towpath.training.domain.runs import Run
from towpath.training.handlers import Trainer

__all__ = ["router"]


class NewRun(BaseModel):
    """Why a run is wanted, and on what."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "new guide"}]})

    reason: str = Field("asked for", max_length=200)
    snapshot_id: str = Field(
        "",
        alias="snapshotId",
        pattern="^(sha256:[0-9a-f]{64})?$",
        description="what to train on; empty: what Kafka holds when it begins",
    )
    encoder: str = Field(
        "",
        pattern="^(enc-[0-9a-f]{26})?$",
        description="id of an imported encoder; empty: TOWPATH_TRAINING_ENCODER's",
    )


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    about = {401: "No accepted API key", 404: "No such run", 409: "A run is not finished yet", 422: "Not understood"}
    return problems({each: about[each] for each in statuses})


def router(trainer: Trainer) -> APIRouter:
    """The three routes."""
    api = APIRouter(prefix="/v1/runs", tags=["training"])

    @api.post("", status_code=202, response_model=Run, summary="Start a run", responses=_problems(401, 409, 422))
    def start(response: Response, wanted: NewRun | None = None) -> Run:
        asked = wanted or NewRun()
        run = trainer.start(asked.reason, snapshot_id=asked.snapshot_id, encoder=asked.encoder)
        response.headers["Location"] = f"/v1/runs/{run.run_id}"
        return run

    @api.get("", response_model=list[Run], summary="Runs, newest first", responses=_problems(401))
    def runs() -> list[Run]:
        return trainer.store.all()

    @api.get("/{run_id}", response_model=Run, summary="One run, as it stands", responses=_problems(401, 404, 422))
    def one(run_id: str) -> Run:
        return trainer.store.load(run_id)

    return api
