"""POST /v1/label-studio/{source}: what an annotation tool tells of its own accord."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from towpath.core.errors import NotFoundError
from towpath.core.ids import new_traceparent
from towpath.core.service import problems
from towpath.core.service.auth import UnauthenticatedError
from towpath.core.stream import Request as Posted
from towpath.ingestion import label_studio
from towpath.ingestion.entrypoints.body import whole
from towpath.ingestion.handlers import Intake

__all__ = ["SECRET_HEADER", "SIGNATURE_HEADER", "router"]

SECRET_HEADER, SIGNATURE_HEADER = "X-Towpath-Webhook-Secret", "X-Towpath-Signature"
Source = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
        description="names the server: its numbers of annotations and of users are its own",
        examples=["label-studio"],
    ),
]
Secret = Annotated[str | None, Header(alias=SECRET_HEADER, description="as set, from senders that cannot sign")]
Signature = Annotated[
    str | None, Header(alias=SIGNATURE_HEADER, description="sha256= and HMAC-SHA256 of the body in hexadecimal")
]
_ERRORS = {
    401: "No secret or a wrong one, or a signature of another body",
    404: "No secret is set here, so there are no webhooks",
    408: "The sender stopped sending",
    413: "Longer than the limit allows",
    422: "A source that is no name",
    503: "Kafka is away",
}


class Taken(BaseModel):
    """What became of an event."""

    accepted: int = Field(ge=0, description="annotations taken, changed or taken back")
    skipped: int = Field(0, ge=0, description="tasks that their rater skipped")
    parked: str = Field("", description="the dead letter with what could not be used; empty when all was")
    problems: list[str] = Field([], description="why")


def router(intake: Intake) -> APIRouter:
    """The route. Whoever calls shows the secret, or signs with it."""
    api = APIRouter(prefix="/v1", tags=["webhooks"])
    wanted, settings = intake.settings.webhook_secret(), intake.settings

    @api.post(
        "/label-studio/{source}",
        operation_id="post_label_studio",
        status_code=202,
        summary="A webhook of Label Studio",
        description="What cannot be used is parked in dead-letters; the answer says so and is 202 all the same.",
        response_model=Taken,
        responses=problems(_ERRORS),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
    )
    async def post(request: Request, source: Source, secret: Secret = None, signature: Signature = None) -> Response:
        if wanted is None:
            raise NotFoundError("webhooks are off: set TOWPATH_INGESTION_WEBHOOK_SECRET")
        # Before the body is read, where that can be told: a stranger's bytes are no load.
        if signature is None and not hmac.compare_digest((secret or "").encode(), wanted):
            raise UnauthenticatedError(f"send the secret in {SECRET_HEADER}, or sign the body in {SIGNATURE_HEADER}")
        body = await whole(request, limit=settings.max_webhook_bytes, timeout_s=settings.body_timeout_s)
        if signature is not None and not _signed(signature, body, wanted):
            raise UnauthenticatedError(f"{SIGNATURE_HEADER} is not sha256= and the HMAC of this body")
        media_type = request.headers.get("content-type", "application/json")[:200]
        posted = Posted(f"/v1/label-studio/{source}", body, media_type)
        with intake.metrics.requests.track_inprogress():
            outcome = await label_studio.take(intake, posted, source, new_traceparent())
        taken = Taken(
            accepted=outcome.accepted, skipped=outcome.skipped, parked=outcome.letter, problems=outcome.problems
        )
        return JSONResponse(taken.model_dump(), 202)

    return api


def _signed(signature: str, body: bytes, secret: bytes) -> bool:
    wanted = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.strip().lower().encode(), wanted.encode())
