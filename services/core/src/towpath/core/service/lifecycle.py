"""From start to SIGTERM: threads for the loops, a server for HTTP, an orderly end within the grace period."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from towpath.core.errors import CrashError
from towpath.core.service.auth import check_exposure
from towpath.core.service.health import Health
from towpath.core.service.http import new_app
from towpath.core.service.logging import configure_logging
from towpath.core.service.process import export_process
from towpath.core.service.servers import HttpServer, api_server, ops_server
from towpath.core.service.settings import ServiceSettings

__all__ = ["Loop", "Service", "run"]

Loop = Callable[[threading.Event], None]
Endings = SimpleQueue[str]
"""Why the process ends, in words; the first entry ends it."""
_WAIT_S = 0.5
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
    revision = service.settings.code_revision
    export_process(service.metrics, service.health, component=service.name, revision=revision)
    stop, crashed, endings = threading.Event(), threading.Event(), Endings()
    _end_on_signals(endings)
    api, ops = _start_servers(service, crashed, endings)
    threads = [api.thread, *(_loop_thread(loop, stop, crashed, endings) for loop in service.loops)]
    http = service.settings.http
    _log.info("service.started", host=http.host, port=http.port, ops_port=http.ops_port)
    _log.info("service.stopping", because=_ending(endings))
    _drain(service, crashed, endings)
    stop.set()
    api.stop()
    _shut_down(service, threads, ops)
    return 1 if crashed.is_set() else 0


def _start_servers(
    service: Service, crashed: threading.Event, endings: Endings
) -> tuple[HttpServer, HttpServer | None]:
    def ended(by_itself: bool) -> None:
        if by_itself:
            crashed.set()
        endings.put("the HTTP server ended")

    app = service.app or new_app(f"Towpath {service.name}", service.health, service.metrics)
    http = service.settings.http
    api = api_server(app, http, service.settings.grace_s, ended)
    ops = ops_server(service.name, service.health, service.metrics, http, ended)
    for server in (api, ops):
        if server is not None:
            server.start()
    return api, ops


def _drain(service: Service, crashed: threading.Event, endings: Endings) -> None:
    # Load balancers look at /readyz now and then: until they have, requests still come and are answered.
    service.health.stop()
    if crashed.is_set():
        return
    try:
        endings.get(timeout=service.settings.http.drain_s)
    except Empty:
        return


def _ending(endings: Endings) -> str:
    """Wait for one. Python runs handlers in the main thread and wakes that for none which the kernel gave to another
    thread, or which came just before the wait: so the wait ends now and then."""
    while True:
        try:
            return endings.get(timeout=_WAIT_S)
        except Empty:
            continue


def _end_on_signals(endings: Endings) -> None:
    # A handler runs between any two instructions of the main thread, which may hold the log's lock or the event's:
    # it may call neither. A SimpleQueue is made for this; its put may interrupt its own get.
    def on_signal(number: int, _: FrameType | None) -> None:
        endings.put(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)


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


def _shut_down(service: Service, threads: Sequence[threading.Thread], ops: HttpServer | None) -> None:
    deadline = time.monotonic() + service.settings.grace_s
    _force_exit_after(service.settings.grace_s + 1.0)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in threads if thread.is_alive()]
    if left:
        _log.error("service.threads_left", threads=left, grace_s=service.settings.grace_s)
    for close in reversed(service.close):
        close()
    service.health.close()
    if ops is not None:
        # Last, so that probes are answered for as long as there is something to ask about.
        ops.stop()
        ops.thread.join(max(0.5, deadline - time.monotonic()))
    _log.info("service.stopped")


def _force_exit_after(seconds: float) -> None:
    """A client library's thread that does not end must not outlast the grace period."""
    timer = threading.Timer(seconds, lambda: os._exit(1))
    timer.daemon = True
    timer.start()
