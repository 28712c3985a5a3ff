"""GET /v1/summary and /v1/rollouts: what monitoring knows, for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from towpath.monitoring.domain.verdicts import Shown
from towpath.monitoring.handlers import Watch
from towpath.monitoring.rollouts import RolloutWatch

__all__ = ["router"]


class Rollouts(BaseModel):
    """Those that run: one at most, that of the objective's model."""

    rollouts: list[Shown]


def router(watch: Watch, trials: RolloutWatch) -> APIRouter:
    """The two routes."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/summary", summary="Counts, accuracy and cost of each release")
    def summary() -> dict[str, Any]:
        return watch.summary()

    @api.get("/rollouts", summary="What the running rollout has shown, and what follows from it")
    def rollouts() -> Rollouts:
        return Rollouts(rollouts=trials.shown())

    return api
