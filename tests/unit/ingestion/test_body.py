"""Input 8: a client that stops sending is told so, and holds nobody else up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request

from towpath.core.errors import TooLargeError
from towpath.ingestion.entrypoints.body import SlowBodyError, chunks, whole


def request(*parts: bytes, then_silence: bool = False, each_after_s: float = 0.0) -> Request:
    rest = list(parts)

    async def receive() -> dict[str, Any]:
        if rest:
            await asyncio.sleep(each_after_s)
            body = rest.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(rest) or then_silence}
        return await asyncio.get_running_loop().create_future()

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_silence_in_mid_body_is_a_time_out() -> None:
    with pytest.raises(SlowBodyError, match=r"not there after 0\.05 s"):
        asyncio.run(whole(request(b"{", then_silence=True), limit=100, timeout_s=0.05))


def test_a_body_beyond_the_limit_is_given_up_before_it_has_all_come() -> None:
    with pytest.raises(TooLargeError, match="longer than 10 bytes"):
        asyncio.run(whole(request(b"x" * 6, b"x" * 6, then_silence=True), limit=10, timeout_s=5))


def test_a_body_within_the_limit_comes_whole() -> None:
    assert asyncio.run(whole(request(b"ab", b"cd"), limit=10, timeout_s=5)) == b"abcd"


def test_a_body_that_drips_has_no_more_time_than_one_that_is_silent() -> None:
    drip = request(*[b"x"] * 1000, each_after_s=0.01)
    with pytest.raises(SlowBodyError, match=r"not there after 0\.1 s"):
        asyncio.run(whole(drip, limit=10_000, timeout_s=0.1))


async def drained(body: Request, **limits: Any) -> int:
    return len(b"".join([chunk async for chunk in chunks(body, **limits)]))


def test_a_stream_may_take_as_long_as_it_likes_but_not_drip() -> None:
    steady = request(*[b"x" * 100] * 30, each_after_s=0.01)
    assert asyncio.run(drained(steady, timeout_s=0.1, min_bytes_per_s=100)) == 3000
    drip = request(*[b"x"] * 30, each_after_s=0.02)
    with pytest.raises(SlowBodyError, match="100000 a second are wanted"):
        asyncio.run(drained(drip, timeout_s=0.1, min_bytes_per_s=100_000))


def test_a_stream_that_falls_silent_is_a_time_out() -> None:
    with pytest.raises(SlowBodyError, match=r"nothing came for 0\.05 s"):
        asyncio.run(drained(request(b"x", then_silence=True), timeout_s=0.05))
