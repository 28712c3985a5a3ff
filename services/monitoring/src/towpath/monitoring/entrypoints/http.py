"""GET /v1/summary: what monitoring knows, for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from towpath.monitoring.handlers import Watch

__all__ = ["router"]


def router(watch: Watch) -> APIRouter:
    """The one route."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/summary", summary="Counts, accuracy and cost of each release")
    def summary() -> dict[str, Any]:
        return watch.summary()

    return api
