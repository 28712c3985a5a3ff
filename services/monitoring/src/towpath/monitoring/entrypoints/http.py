"""GET /v1/summary, /v1/performance and /v1/rollouts: what monitoring knows, for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from towpath.monitoring.domain.performance.shown import Worth
from towpath.monitoring.domain.verdicts import Shown
from towpath.monitoring.handlers import Watch
from towpath.monitoring.performance import Performance
from towpath.monitoring.rollouts import RolloutWatch

__all__ = ["router"]


class Rollouts(BaseModel):
    """Those that run: one at most, that of the objective's model."""

    rollouts: list[Shown]


def router(watch: Watch, performance: Performance, trials: RolloutWatch) -> APIRouter:
    """The three routes."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/summary", summary="Counts, accuracy and cost of each release")
    def summary() -> dict[str, Any]:
        found, worth = watch.summary(), performance.summary()
        for name, release in found["releases"].items():
            release["feedback"] = worth.get(name, {"documents": 0})
        return found

    @api.get("/performance", summary="What predictions are worth: with feedback, without it, and whether it is less")
    def worth() -> Worth:
        return performance.shown()

    @api.get("/rollouts", summary="What the running rollout has shown, and what follows from it")
    def rollouts() -> Rollouts:
        return Rollouts(rollouts=trials.shown())

    return api
