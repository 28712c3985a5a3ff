"""POST /v1/documents, /v1/annotations, /v1/feedback: one as JSON, or a stream of NDJSON of any length."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from towpath.core.ids import new_traceparent
from towpath.core.service import problem
from towpath.core.service.http import PROBLEM_JSON
from towpath.core.stream import Message, trace_id_of
from towpath.ingestion.domain.idempotency import Answer, IdempotencyStore
from towpath.ingestion.domain.lines import Line, LineSplitter
from towpath.ingestion.domain.parsing import KINDS, Kind
from towpath.ingestion.entrypoints.body import chunks, whole
from towpath.ingestion.entrypoints.openapi import documentation
from towpath.ingestion.handlers import Account, Intake

__all__ = ["router"]

_JSON, _NDJSON = "application/json", "application/x-ndjson"
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="a repeated request with the same key and body gets the same answer",
    ),
]
Trace = Annotated[str | None, Header(description="W3C trace context; one is made when absent or malformed")]


def router(intake: Intake) -> APIRouter:
    """The three routes."""
    api = APIRouter(prefix="/v1", tags=["ingestion"])
    settings = intake.settings
    store = IdempotencyStore(size=settings.idempotency_keys, ttl_s=settings.idempotency_ttl_s)
    for kind in KINDS:
        api.add_api_route(
            f"/{kind.topic}",
            _endpoint(intake, kind, store),
            methods=["POST"],
            operation_id=f"post_{kind.topic}",
            status_code=202,
            **documentation(kind),
        )
    return api


def _endpoint(intake: Intake, kind: Kind[Any], store: IdempotencyStore) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def post(request: Request, idempotency_key: Key = None, traceparent: Trace = None) -> Response:
        media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type not in (_JSON, _NDJSON):
            return problem(415, "Unsupported Media Type", f"send {_JSON} (one) or {_NDJSON} (a stream)")
        trace = traceparent if trace_id_of(traceparent) else new_traceparent()
        work = _Request(intake, kind, request, trace or "", media_type)
        with intake.metrics.requests.track_inprogress():
            answer = await (work.run() if idempotency_key is None else _once(work, store, idempotency_key))
        media = PROBLEM_JSON if answer.status >= 400 else _JSON
        return JSONResponse(answer.body, answer.status, media_type=media)

    return post


async def _once(work: _Request, store: IdempotencyStore, key: str) -> Answer:
    """Work on it, or answer as before."""
    key = f"{work.kind.topic}/{key}"
    store.begin(key)
    try:
        if store.knows(key):
            await work.drain()
            return store.answer(key, work.digest)
        answer = await work.run()
        store.keep(key, work.digest, answer)
        return answer
    finally:
        store.end(key)


class _Request:
    """One request being worked on; `digest` is that of the body read so far."""

    def __init__(self, intake: Intake, kind: Kind[Any], request: Request, trace: str, media_type: str) -> None:
        self.kind = kind
        self._intake, self._request, self._trace, self._media_type = intake, request, trace, media_type
        self._hash = hashlib.sha256(media_type.encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    async def run(self) -> Answer:
        return await (self._one() if self._media_type == _JSON else self._stream())

    async def drain(self) -> None:
        async for chunk in self._chunks():
            self._hash.update(chunk)

    def _chunks(self) -> AsyncIterator[bytes]:
        settings = self._intake.settings
        return chunks(self._request, timeout_s=settings.body_timeout_s, min_bytes_per_s=settings.min_body_bytes_per_s)

    async def _one(self) -> Answer:
        settings = self._intake.settings
        raw = await whole(self._request, limit=settings.max_line_bytes, timeout_s=settings.body_timeout_s)
        self._hash.update(raw)
        self._intake.metrics.body_bytes.labels(self.kind.topic).inc(len(raw))
        identity = await self._intake.one(self.kind, raw, self._trace)
        return Answer(202, {"accepted": 1, "rejected": 0, "lastLine": 1, "ids": [identity], "problems": []})

    async def _stream(self) -> Answer:
        settings, splitter = self._intake.settings, LineSplitter(self._intake.settings.max_line_bytes)
        gathered = _Gathered(self._intake, self.kind, self._trace)
        async for chunk in self._chunks():
            self._hash.update(chunk)
            self._intake.metrics.body_bytes.labels(self.kind.topic).inc(len(chunk))
            for line in splitter.feed(chunk):
                gathered.take(line)
                if len(gathered.messages) >= settings.batch_messages or gathered.bytes >= settings.batch_bytes:
                    await gathered.flush()
        for line in splitter.finish():
            gathered.take(line)
        await gathered.flush()
        account = gathered.account
        return Answer(202 if account.accepted or not account.rejected else 422, _summary(account))


class _Gathered:
    """Lines of a stream that were read and not yet sent. Bounded, so that many slow streams are no load."""

    def __init__(self, intake: Intake, kind: Kind[Any], trace: str) -> None:
        self._intake, self._kind, self._trace = intake, kind, trace
        self.account, self.messages, self.bytes, self._line = Account(), list[Message](), 0, 0

    def take(self, line: Line) -> None:
        self._line = line.number
        message = self._intake.read(self._kind, line, self._trace, self.account)
        if message is not None:
            self.messages.append(message)
            self.bytes += len(message.value or b"")

    async def flush(self) -> None:
        await self._intake.flush(self._kind, self.messages, self._line, self.account)
        self.bytes = 0


def _summary(account: Account) -> dict[str, Any]:
    body: dict[str, Any] = {
        "accepted": account.accepted,
        "rejected": account.rejected,
        "lastLine": account.last_line,
        "problems": account.problems,
    }
    if account.rejected and not account.accepted:
        detail = f"none of {account.rejected} lines could be taken; the first: {account.problems[0]['detail']}"
        body |= {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": detail}
    return body
