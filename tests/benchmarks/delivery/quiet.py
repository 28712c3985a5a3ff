"""Refusing to measure on a busy machine: what is measured there is who else works."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

__all__ = ["BUSY", "BusyError", "busy_share", "check_quiet"]

# Of all cores; an idle system with its daemons stays well below.
BUSY = 0.05
_SECONDS, _READINGS = 5.0, 6


class BusyError(Exception):
    """Others work on this machine; the message says how much."""


def busy_share(but: int | None = None, seconds: float = _SECONDS) -> float:
    """Share of all cores, 0 to 1, that anybody `but` that process used meanwhile. Time that a hypervisor stole counts.

    Kafka goes on compiling and cleaning up when nobody asks it for anything: that is no other user of the machine.
    """
    before, own = psutil.cpu_times(), _used(but)
    time.sleep(seconds)
    after = psutil.cpu_times()
    idle = sum(getattr(after, name, 0) - getattr(before, name, 0) for name in ("idle", "iowait"))
    total = sum(after[:8]) - sum(before[:8])  # guest time is part of user time
    return max(0.0, 1 - (idle + _used(but) - own) / total) if total > 0 else 1.0


def _used(process: int | None) -> float:
    return 0.0 if process is None else sum(psutil.Process(process).cpu_times()[:2])


def check_quiet(reading: Callable[[], float] = busy_share, *, limit: float = BUSY, readings: int = _READINGS) -> float:
    """How busy the machine is, which is little. Of some `readings` the first quiet one counts.

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
