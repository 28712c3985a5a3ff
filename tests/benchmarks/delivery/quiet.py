"""Refusing to measure on a busy machine: what is measured there is who else works."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

__all__ = ["BUSY", "BUSY_BESIDE_KAFKA", "BusyError", "busy_share", "check_quiet"]

# Of all cores; an idle system with its daemons stays well below.
BUSY = 0.05
# With Kafka running, which does something even when nobody asks it to.
BUSY_BESIDE_KAFKA = 0.10
_SECONDS = 5.0


class BusyError(Exception):
    """Others work on this machine; the message says how much."""


def busy_share(seconds: float = _SECONDS) -> float:
    """Share of all cores, 0 to 1, that anybody used during so many seconds. Time stolen by a hypervisor counts."""
    before = psutil.cpu_times()
    time.sleep(seconds)
    after = psutil.cpu_times()
    idle = sum(getattr(after, name, 0) - getattr(before, name, 0) for name in ("idle", "iowait"))
    total = sum(after[:8]) - sum(before[:8])  # guest time is part of user time
    return max(0.0, 1 - idle / total) if total > 0 else 1.0


def check_quiet(reading: Callable[[], float] = busy_share, *, limit: float = BUSY, readings: int = 1) -> float:
    """How busy the machine is, which is little. Of several `readings` the first quiet one counts.

    Raises:
        BusyError: it is more than `limit` in all of them.
    """
    share = reading()
    for _ in range(readings - 1):
        if share <= limit:
            break
        share = reading()
    if share > limit:
        raise BusyError(
            f"{share:.0%} of this machine's processor is in use by others, {limit:.0%} is the most at which ratios mean"
            " anything: end what runs beside, or say --anyway, which the report will tell"
        )
    return share
