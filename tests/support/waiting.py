"""Waiting for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(found: Callable[[], T], limit_s: float = 60.0) -> T:
    """What `found` gives once that is true. Asked all the time, it would take the processor from what is waited for."""
    deadline = time.monotonic() + limit_s
    while not (result := found()):
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: it is {result!r}"
        time.sleep(0.05)
    return result
