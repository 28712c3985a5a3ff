"""GET /v1/windows: what is different in the last documents, for people and `towpath monitor report`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from towpath.monitoring.domain.windows.shown import Against, WindowReport
from towpath.monitoring.windows import WindowWatch

__all__ = ["router"]

Documents = Annotated[int | None, Query(ge=1, description="the last so many; else 5,000, or half of what there is")]
Hours = Annotated[float | None, Query(gt=0, le=24 * 366, description="instead: those of the last so many hours")]
Than = Annotated[Against, Query(description="what the reigning release was judged on, or the window before")]


def router(windows: WindowWatch) -> APIRouter:
    """The route."""
    api = APIRouter(prefix="/v1", tags=["monitoring"])

    @api.get("/windows", summary="What is different in the last documents, how surely, and at what price")
    def report(against: Than = "reference", documents: Documents = None, hours: Hours = None) -> WindowReport:
        return windows.report(against, documents, hours)

    return api
