"""Who may call the endpoint, and with how much: before KServe reads anything of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from towpath.core.service import UnauthenticatedError, check_caller, problem
from towpath.core.service.settings import AuthSettings

__all__ = ["GrpcGuard", "HttpGuard"]

_OPEN_PATHS = frozenset(
    {"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready", "/docs", "/openapi.json"}
)
_OPEN_METHODS = frozenset({"ServerLive", "ServerReady"})


class HttpGuard:
    """ASGI middleware: 401 without an accepted key, 413 for a body over the limit, 408 for one that dawdles.

    The whole body is read here, as KServe would: a length that was promised is not to be relied on.
    """

    def __init__(self, app: ASGIApp, *, auth: AuthSettings, max_bytes: int, timeout_s: float) -> None:
        self._app, self._auth, self._max_bytes, self._timeout_s = app, auth, max_bytes, timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            check_caller(self._auth, Headers(scope=scope).get("x-api-key"))
            async with asyncio.timeout(self._timeout_s):
                body = await self._body(receive)
        except UnauthenticatedError as error:
            await _refuse(401, "Unauthorized", str(error))(scope, receive, send)
        except OverflowError:
            detail = f"the body is longer than {self._max_bytes} bytes: send fewer texts in one request"
            await _refuse(413, "Content Too Large", detail)(scope, receive, send)
        except TimeoutError:
            detail = f"the body did not arrive within {self._timeout_s:g} s"
            await _refuse(408, "Request Timeout", detail)(scope, receive, send)
        else:
            await self._app(scope, _replay(body, receive), send)

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                raise OverflowError
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return bytes(body)


def _refuse(status: int, title: str, detail: str) -> Response:
    # What is left of the body will not be read: the connection cannot be used again.
    return problem(status, title, detail, headers={"Connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


class GrpcGuard(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """UNAUTHENTICATED without an accepted key in the metadata `x-api-key`. The size is gRPC's own limit."""

    def __init__(self, auth: AuthSettings) -> None:
        self._auth = auth

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], call: Any) -> Any:
        if call.method.rsplit("/", 1)[-1] in _OPEN_METHODS:
            return await continuation(call)
        try:
            key = dict(call.invocation_metadata).get("x-api-key")
            check_caller(self._auth, key if isinstance(key, str) else None)
        except UnauthenticatedError as error:
            return _unauthenticated(str(error))
        return await continuation(call)


def _unauthenticated(reason: str) -> Any:
    async def refuse(_: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, reason)

    return grpc.unary_unary_rpc_method_handler(refuse)
