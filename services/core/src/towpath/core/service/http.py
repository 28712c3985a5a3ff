"""The HTTP edge that all services share: probes, metrics, and errors as RFC 9457 problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from towpath.core.errors import (
    ConflictError,
    NotFoundError,
    RejectedError,
    RetryableError,
    TooLargeError,
    TowpathError,
)
from towpath.core.service.auth import UnauthenticatedError
from towpath.core.service.health import Health

__all__ = [
    "PROBLEM_JSON",
    "Problem",
    "install_problem_handlers",
    "new_app",
    "ops_router",
    "problem",
]

PROBLEM_JSON = "application/problem+json"
_RETRY_AFTER_S = 5
_MAX_ERRORS = 20


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field("about:blank", description="URI of the kind of problem")
    title: str = Field(
        description="What went wrong, the same for each occurrence",
        examples=["Unprocessable Content"],
    )
    status: int = Field(examples=[422])
    detail: str = Field("", description="This occurrence: what, where, and what to do about it")


def problems(about: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`: a Problem for each status, and when that is."""
    content: dict[str, Any] = {"application/problem+json": {}}
    return {each: {"model": Problem, "content": content, "description": text} for each, text in about.items()}


def problem(
    status: int,
    title: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> JSONResponse:
    """An answer of type application/problem+json; `extensions` become members of the object."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extensions}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=PROBLEM_JSON)


# First match wins, so that a more special class stands above its parent.
_STATUS: tuple[tuple[type[TowpathError], int, str], ...] = (
    (UnauthenticatedError, 401, "Unauthorized"),
    (TooLargeError, 413, "Content Too Large"),
    (NotFoundError, 404, "Not Found"),
    (ConflictError, 409, "Conflict"),
    (RejectedError, 422, "Unprocessable Content"),
    (RetryableError, 503, "Service Unavailable"),
    (TowpathError, 500, "Internal Server Error"),
)


def _on_towpath_error(_: Request, error: Exception) -> Response:
    status, title = next((status, title) for kind, status, title in _STATUS if isinstance(error, kind))
    headers = {503: {"Retry-After": str(_RETRY_AFTER_S)}, 401: {"WWW-Authenticate": "ApiKey"}}.get(status)
    extensions = {"where": error.where} if isinstance(error, RejectedError) and error.where else {}
    return problem(status, title, str(error), headers=headers, **extensions)


def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    # The offending input is not echoed: it may be huge, or not representable in JSON.
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in each["loc"]), "detail": each["msg"]}
        for each in error.errors()[:_MAX_ERRORS]
    ]
    detail = "; ".join(f"{each['pointer']}: {each['detail']}" for each in errors)
    return problem(422, "Unprocessable Content", detail, errors=errors)


def _on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    return problem(error.status_code, str(error.detail), headers=error.headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Map the error tree of `towpath.core.errors` and the framework's own errors, once."""
    app.add_exception_handler(TowpathError, _on_towpath_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)


def ops_router(health: Health, registry: CollectorRegistry) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`."""
    router = APIRouter(tags=["operations"])

    @router.get("/livez", response_class=PlainTextResponse, summary="The process answers")
    def livez() -> str:
        return "ok"

    @router.get(
        "/readyz",
        summary="What this service depends on answers",
        responses={
            200: {"content": {"application/json": {"example": {"kafka": "ok"}}}},
            503: {
                "model": Problem,
                "content": {PROBLEM_JSON: {}},
                "description": "Not ready, and why",
            },
        },
    )
    def readyz() -> JSONResponse:
        report = dict(health.report())
        if all(state == "ok" for state in report.values()):
            return JSONResponse(report)
        detail = "; ".join(f"{name}: {state}" for name, state in report.items() if state != "ok")
        return problem(503, "Not ready", detail, headers={"Retry-After": str(_RETRY_AFTER_S)}, checks=report)

    @router.get(
        "/metrics",
        summary="Prometheus metrics",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def new_app(title: str, health: Health, registry: CollectorRegistry, **kwargs: Any) -> FastAPI:
    """A FastAPI application with the operations routes and problem handlers in place."""
    app = FastAPI(title=title, **kwargs)
    install_problem_handlers(app)
    app.include_router(ops_router(health, registry))
    return app
