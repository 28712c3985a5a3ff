"""Input 8: a client that stops sending is told so, and holds nobody else up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import Request

from towpath.core.errors import TooLargeError
from towpath.ingestion.entrypoints.body import SlowBodyError, whole


def request(*chunks: bytes, then_silence: bool = False) -> Request:
    rest = list(chunks)

    async def receive() -> dict[str, Any]:
        if rest:
            body = rest.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(rest) or then_silence}
        return await asyncio.get_running_loop().create_future()

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_silence_in_mid_body_is_a_time_out() -> None:
    with pytest.raises(SlowBodyError, match=r"nothing came for 0\.05 s"):
        asyncio.run(whole(request(b"{", then_silence=True), limit=100, timeout_s=0.05))


def test_a_body_beyond_the_limit_is_given_up_before_it_has_all_come() -> None:
    with pytest.raises(TooLargeError, match="longer than 10 bytes"):
        asyncio.run(whole(request(b"x" * 6, b"x" * 6, then_silence=True), limit=10, timeout_s=5))


def test_a_body_within_the_limit_comes_whole() -> None:
    assert asyncio.run(whole(request(b"ab", b"cd"), limit=10, timeout_s=5)) == b"abcd"
