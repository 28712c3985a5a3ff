"""Readiness: named checks that say why the service should get no work just now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import structlog

from towpath.core.errors import TowpathError

__all__ = ["Check", "Health", "NotReadyError"]

Check = Callable[[], None]
_STOPPING: Mapping[str, str] = {"service": "stopping"}
_log = structlog.get_logger(__name__)


class NotReadyError(TowpathError):
    """A check's way to say why the service is not ready."""


class Health:
    """Runs the registered checks at most once a second, each in a thread with a time limit.

    A check that hangs is reported, and is not started again before it has come back.
    """

    def __init__(
        self,
        *,
        cache_s: float = 1.0,
        limit_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks: dict[str, Check] = {}
        self._running: dict[str, Future[None]] = {}
        self._cache_s, self._limit_s, self._clock = cache_s, limit_s, clock
        self._lock = threading.Lock()
        self._cached: tuple[float, Mapping[str, str]] | None = None
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")

    def add(self, name: str, check: Check) -> None:
        """Register `check`, which raises to say that the service is not ready."""
        with self._lock:
            self._checks[name] = check
            self._cached = None

    def report(self) -> Mapping[str, str]:
        """State by check: "ok", or the reason why not."""
        if self._stopping.is_set():
            return _STOPPING
        with self._lock:
            if self._cached is None or self._clock() - self._cached[0] >= self._cache_s:
                self._cached = (self._clock(), self._run_all())
            return self._cached[1]

    def ready(self) -> bool:
        return all(state == "ok" for state in self.report().values())

    def stop(self) -> None:
        """Not ready from now on, whatever the checks say: the service is about to end."""
        self._stopping.set()

    def close(self) -> None:
        self.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run_all(self) -> Mapping[str, str]:
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = self._pool.submit(check)
        deadline = time.monotonic() + self._limit_s
        return {name: self._result(name, deadline) for name in self._checks}

    def _result(self, name: str, deadline: float) -> str:
        future = self._running[name]
        try:
            future.result(timeout=max(0.0, deadline - time.monotonic()))
        except FutureTimeoutError:
            return f"no answer within {self._limit_s:g} s"
        except TowpathError as error:
            reason = str(error) or type(error).__name__
        except (OSError, RuntimeError, ValueError) as error:
            _log.warning("health.check_failed", check=name, error=repr(error))
            reason = type(error).__name__
        else:
            reason = "ok"
        del self._running[name]
        return reason
