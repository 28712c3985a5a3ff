"""GET /v1/data: what documents are like as they come in, and how many come."""

from __future__ import annotations

from fastapi import APIRouter

from towpath.monitoring.data import DataMonitor
from towpath.monitoring.domain.data.shown import Data
from towpath.monitoring.domain.volume.shown import Volume
from towpath.monitoring.volume import VolumeWatch

__all__ = ["router"]


class Input(Data):
    """Of documents, not of predictions."""

    volume: Volume


def router(data: DataMonitor, volume: VolumeWatch) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/data", summary="What documents are like as they come in, and how many come")
    def told() -> Input:
        return Input(**dict(data.shown()), volume=volume.shown())

    return api
