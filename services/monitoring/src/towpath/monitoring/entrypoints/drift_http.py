"""GET /v1/drift: what is watched of the reigning release's documents, and what has changed."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from towpath.monitoring.domain.answers import Answer
from towpath.monitoring.domain.drift.shown import Shown
from towpath.monitoring.drift import DriftWatch

__all__ = ["router"]


class Drift(Answer):
    """Empty where no release reigns, or it has no reference."""

    release_id: str = Field(examples=["rel-01JD9A2B"], description="the one that reigns; empty where none does")
    unit: str = Field(examples=["EUR"], description="of costs")
    watched: list[Shown]


def router(drift: DriftWatch) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/drift", summary="What documents are like, against those that the release was judged on")
    def told() -> Drift:
        return Drift(release_id=drift.reigning, unit=drift.objective.unit, watched=drift.shown())

    return api
