"""The HTTP servers of a service: one for callers, and where it is asked for one for probes and metrics alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from towpath.core.service.health import Health
from towpath.core.service.http import new_app, problem
from towpath.core.service.settings import HttpSettings

__all__ = ["HttpServer", "api_server", "ops_server"]

_OPS_CONNECTIONS = 64
_log = structlog.get_logger(__name__)


class HttpServer:
    """uvicorn in a thread of its own; `ended` is called once it serves no more, with True unless it was told to end."""

    def __init__(self, config: uvicorn.Config, setting: str, ended: Callable[[bool], None]) -> None:
        self._server, self._setting, self._ended = uvicorn.Server(config), setting, ended
        self.thread = threading.Thread(target=self._serve, name=setting.lower(), daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Take no more connections, finish what was begun. Returns at once."""
        self._server.should_exit = True

    def _serve(self) -> None:
        try:
            self._server.run()
        except SystemExit:
            # uvicorn's word for "could not bind"; it has logged the system's reason.
            config = self._server.config
            reason = f"cannot listen on {config.host}:{config.port}: give it a free port and an address of this machine"
            _log.error("service.refused", setting=f"TOWPATH_{self._setting}", reason=reason)
        finally:
            self._ended(not self._server.should_exit)


def api_server(app: FastAPI, http: HttpSettings, grace_s: float, ended: Callable[[bool], None]) -> HttpServer:
    """The server for callers. It has `/metrics` only where there is no ops port."""
    served: ASGIApp = app if http.ops_port is None else _without_metrics(app, http.ops_port)
    config = _config(served, http, http.port, http.max_connections, max(1, int(grace_s) - 2))
    return HttpServer(config, "HTTP_PORT", ended)


def ops_server(
    name: str, health: Health, registry: CollectorRegistry, http: HttpSettings, ended: Callable[[bool], None]
) -> HttpServer | None:
    """The server for probes and metrics, None where no port is set for it."""
    if http.ops_port is None:
        return None
    app = new_app(f"Towpath {name}: operations", health, registry, docs_url=None, redoc_url=None, openapi_url=None)
    return HttpServer(_config(app, http, http.ops_port, _OPS_CONNECTIONS, 1), "HTTP_OPS_PORT", ended)


def _config(app: ASGIApp, http: HttpSettings, port: int, connections: int, graceful_s: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=http.host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=connections,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=graceful_s,
    )


def _without_metrics(app: ASGIApp, ops_port: int) -> ASGIApp:
    # Around the application rather than in it: KServe's has a /metrics of its own.
    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/metrics":
            await problem(404, "Not Found", f"metrics are on port {ops_port}")(scope, receive, send)
        else:
            await app(scope, receive, send)

    return outer
