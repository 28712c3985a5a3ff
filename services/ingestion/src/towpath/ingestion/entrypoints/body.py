"""Reading request bodies with limits on size and on silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from towpath.core.errors import RejectedError, TooLargeError, TowpathError

__all__ = ["SlowBodyError", "chunks", "whole"]


class SlowBodyError(TowpathError):
    """The client stopped sending; HTTP 408."""


async def chunks(request: Request, timeout_s: float) -> AsyncIterator[bytes]:
    """The body as it arrives.

    Raises:
        SlowBodyError: nothing came for `timeout_s`.
        RejectedError: the client went away.
    """
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise SlowBodyError(f"nothing came for {timeout_s:g} s") from None
        except ClientDisconnect:
            raise RejectedError("the client went away in mid-body") from None
        yield chunk


async def whole(request: Request, *, limit: int, timeout_s: float) -> bytes:
    """A body of at most `limit` bytes.

    Raises:
        TooLargeError: it is longer.
    """
    body = bytearray()
    async for chunk in chunks(request, timeout_s):
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"the body is longer than {limit} bytes")
    return bytes(body)
