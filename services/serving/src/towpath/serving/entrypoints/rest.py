"""Predictions over HTTP: version 2 of the protocol, and version 1 for clients that speak no other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from towpath.serving.entrypoints.answers import Answered, Answering
from towpath.serving.entrypoints.questions import Limits, from_instances, from_tensors
from towpath.serving.entrypoints.wire import HEADER_LENGTH, json_object, read, written

__all__ = ["Predictions"]

_PATH = re.compile(
    r"/(?:v2/models/(?P<v2>[^/]+)(?:/versions/(?P<version>[^/]+))?/infer|v1/models/(?P<v1>[^/]+):predict)"
)
_RETRY_AFTER_S = "5"


@dataclass(frozen=True)
class Predictions:
    """ASGI middleware: answers what asks for predictions, and leaves the rest to KServe's application.

    `check` raises ModelNotFound for a name and version that no model has. The body must be read already (`HttpGuard`).
    A refusal is the protocol's `{"error": "what is wrong"}`.
    """

    app: ASGIApp
    answering: Answering
    check: Callable[[str, str | None], None]
    limits: Limits
    threads: ThreadPoolExecutor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        body = (await receive()).get("body", b"")
        # Inference in the event loop would hold up the probes.
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self.threads, self._told, found, body, Headers(scope=scope))
        await response(scope, receive, send)

    def _told(self, path: re.Match[str], body: bytes, headers: Headers) -> Response:
        answer, name = (self._version_2, path["v2"]) if path["v2"] else (self._version_1, path["v1"])
        try:
            self.check(name, path["version"])
            if headers.get("content-encoding", "identity") != "identity":
                return _error(415, "a compressed body is not read: send it as it is")
            return answer(name, body, headers)
        except InvalidInput as error:
            return _error(400, str(error))
        except ModelNotFound as error:
            return _error(404, str(error))
        except ModelNotReady as error:
            return _error(503, str(error), {"Retry-After": _RETRY_AFTER_S})

    def _version_2(self, name: str, body: bytes, headers: Headers) -> Response:
        infer = read(body, headers.get(HEADER_LENGTH))
        answered = self.answering(from_tensors(infer.tensors, self.limits), name)
        content, length = written(infer, answered)
        if length is None:
            return Response(content, media_type="application/json")
        return Response(content, headers={HEADER_LENGTH: str(length)}, media_type="application/octet-stream")

    def _version_1(self, name: str, body: bytes, _: Headers) -> Response:
        question = from_instances(json_object(body).get("instances"), self.limits)
        answered = self.answering(question, name)
        said = {"predictions": _predictions(answered), **answered.parameters()}
        return Response(orjson.dumps(said), media_type="application/json")


def _predictions(answered: Answered) -> list[dict[str, Any]]:
    return [
        {
            "label": each.label,
            "decision": each.decision,
            "expected_cost": each.expected_cost,
            "probabilities": each.probabilities,
            "truncated": each.truncated,
            "windows": each.windows,
            "release": release.release_id,
        }
        for each, release in zip(answered.predictions, answered.releases, strict=True)
    ]


def _error(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps({"error": reason}), status, headers, media_type="application/json")
