"""From start to SIGTERM: threads for the loops, a server for HTTP, an orderly end within the grace period."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from towpath.core.errors import CrashError
from towpath.core.service.auth import check_exposure
from towpath.core.service.health import Health
from towpath.core.service.http import new_app
from towpath.core.service.logging import configure_logging
from towpath.core.service.settings import ServiceSettings

__all__ = ["Loop", "Service", "run"]

Loop = Callable[[threading.Event], None]
Endings = SimpleQueue[str]
"""Why the process ends, in words; the first entry ends it."""
_log = structlog.get_logger(__name__)


@dataclass
class Service:
    """What a composition root hands over to be run.

    `loops` run in a thread each until their event is set; one that raises ends the process with code 1, and
    whoever supervises it starts it again. `close` is called in reverse order after the loops have ended.
    """

    name: str
    settings: ServiceSettings
    health: Health
    metrics: CollectorRegistry
    app: FastAPI | None = None
    loops: Sequence[Loop] = ()
    close: Sequence[Callable[[], None]] = field(default_factory=tuple)


def run(service: Service) -> int:
    """Run until SIGTERM, SIGINT or a crashed loop; returns the process's exit code. Main thread only."""
    configure_logging(service.name, service.settings.log_level)
    try:
        check_exposure(service.settings.auth, service.settings.http)
    except CrashError as error:
        _log.error("service.refused", reason=str(error))
        return 1
    stop, crashed, endings = threading.Event(), threading.Event(), Endings()
    _end_on_signals(endings)
    server = _server(service)
    threads = [_loop_thread(loop, stop, crashed, endings) for loop in service.loops]
    threads.append(_thread("http", lambda: _serve(server, stop, crashed, endings)))
    _log.info("service.started", host=service.settings.http.host, port=service.settings.http.port)
    _log.info("service.stopping", because=endings.get())
    stop.set()
    _shut_down(service, server, threads)
    return 1 if crashed.is_set() else 0


def _end_on_signals(endings: Endings) -> None:
    # A handler runs between any two instructions of the main thread, which may hold the log's lock or the event's:
    # it may call neither. A SimpleQueue is made for this; its put may interrupt its own get.
    def on_signal(number: int, _: FrameType | None) -> None:
        endings.put(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)


def _server(service: Service) -> uvicorn.Server:
    http = service.settings.http
    app = service.app or new_app(f"Towpath {service.name}", service.health, service.metrics)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=http.host,
            port=http.port,
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=http.max_connections,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, int(service.settings.grace_s) - 2),
        )
    )


def _serve(server: uvicorn.Server, stop: threading.Event, crashed: threading.Event, endings: Endings) -> None:
    try:
        server.run()
    except SystemExit:
        # uvicorn's word for "could not bind"; it has logged the reason.
        crashed.set()
    finally:
        if not stop.is_set():
            crashed.set()
        endings.put("the HTTP server ended")


def _loop_thread(loop: Loop, stop: threading.Event, crashed: threading.Event, endings: Endings) -> threading.Thread:
    name = getattr(loop, "__qualname__", repr(loop))

    def body() -> None:
        try:
            loop(stop)
        except BaseException:
            _log.exception("service.loop_crashed", loop=name)
            crashed.set()
            raise
        finally:
            endings.put(f"the loop {name} ended")

    return _thread(getattr(loop, "__name__", "loop"), body)


def _thread(name: str, body: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=body, name=name, daemon=True)
    thread.start()
    return thread


def _shut_down(service: Service, server: uvicorn.Server, threads: Sequence[threading.Thread]) -> None:
    deadline = time.monotonic() + service.settings.grace_s
    _force_exit_after(service.settings.grace_s + 1.0)
    server.should_exit = True
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in threads if thread.is_alive()]
    if left:
        _log.error("service.threads_left", threads=left, grace_s=service.settings.grace_s)
    for close in reversed(service.close):
        close()
    service.health.close()
    _log.info("service.stopped")


def _force_exit_after(seconds: float) -> None:
    """A client library's thread that does not end must not outlast the grace period."""
    timer = threading.Timer(seconds, lambda: os._exit(1))
    timer.daemon = True
    timer.start()
