"""Reading request bodies with limits on size and on silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from towpath.core.errors import RejectedError, TooLargeError, TowpathError

__all__ = ["SlowBodyError", "chunks", "whole"]


class SlowBodyError(TowpathError):
    """The client stopped sending; HTTP 408."""


async def chunks(request: Request, *, timeout_s: float, min_bytes_per_s: int = 0) -> AsyncIterator[bytes]:
    """The body as it arrives.

    Raises:
        SlowBodyError: nothing came for `timeout_s`, or since then less than `min_bytes_per_s` on average.
        RejectedError: the client went away.
    """
    stream, begin, received = request.stream(), time.monotonic(), 0
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
        received += len(chunk)
        seconds = time.monotonic() - begin
        if seconds > timeout_s and received < min_bytes_per_s * seconds:
            raise SlowBodyError(f"{received} bytes came in {seconds:.0f} s, {min_bytes_per_s} a second are wanted")
        yield chunk


async def whole(request: Request, *, limit: int, timeout_s: float) -> bytes:
    """A body of at most `limit` bytes.

    Raises:
        TooLargeError: it is longer.
        SlowBodyError: it had not come as a whole after `timeout_s`.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in chunks(request, timeout_s=timeout_s):
                body += chunk
                if len(body) > limit:
                    raise TooLargeError(f"the body is longer than {limit} bytes")
    except TimeoutError:
        raise SlowBodyError(f"the body was not there after {timeout_s:g} s") from None
    return bytes(body)
