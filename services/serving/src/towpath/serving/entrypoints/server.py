"""KServe's REST application and gRPC servicer, for `core.service.run` to serve.

`ModelServer.start` is not used: it listens on every address, knows no keys and no limits, and wants a model before it
listens (docs/decisions/0007-kserve-inside-our-runtime.md).
"""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from fastapi import FastAPI

from towpath.core.service import Health, ops_router
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.metrics import ServingMetrics
from towpath.serving.settings import ServingSettings

# KServe's module reads the command line as soon as it is imported, and sets logging up in its own way.
_arguments, sys.argv = sys.argv, [sys.argv[0], "--enable_docs_url=true", "--configure_logging=false"]
try:
    from kserve.model_server import ModelServer, app
finally:
    sys.argv = _arguments

from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc  # noqa: E402
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor  # noqa: E402
from kserve.protocol.rest.server import RESTServer  # noqa: E402

from towpath.serving.entrypoints.answers import Answering  # noqa: E402
from towpath.serving.entrypoints.endpoint import GrpcPredictions, TextModel  # noqa: E402
from towpath.serving.entrypoints.guard import GrpcGuard, HttpGuard  # noqa: E402
from towpath.serving.entrypoints.questions import Limits  # noqa: E402
from towpath.serving.entrypoints.repository import FixedRepository, SlotDataPlane, SlotRepository  # noqa: E402
from towpath.serving.entrypoints.rest import Predictions  # noqa: E402
from towpath.serving.entrypoints.shadow import Shadow  # noqa: E402

__all__ = ["Endpoint", "new_endpoint"]


@dataclass(frozen=True)
class Endpoint:
    """`app` answers REST; `grpc` is a loop that answers gRPC until its event is set; `shadow.run` is another."""

    app: FastAPI
    servicer: GrpcPredictions
    shadow: Shadow
    settings: ServingSettings

    def grpc(self, stop: threading.Event) -> None:
        """Raises RuntimeError when the port is taken."""
        asyncio.run(self._serve_grpc(stop))

    async def _serve_grpc(self, stop: threading.Event) -> None:
        limit = self.settings.serving_max_body_bytes
        server = grpc.aio.server(
            interceptors=(GrpcGuard(self.settings.auth), ExceptionToStatusInterceptor()),
            options=[("grpc.max_receive_message_length", limit), ("grpc.so_reuseport", 0)],
            maximum_concurrent_rpcs=self.settings.http.max_connections,
        )
        grpc_predict_v2_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self.servicer, server)
        host = self.settings.http.host
        server.add_insecure_port(f"{f'[{host}]' if ':' in host else host}:{self.settings.serving_grpc_port}")
        await server.start()
        await asyncio.to_thread(stop.wait)
        await server.stop(grace=max(1.0, self.settings.grace_s - 2))


def new_endpoint(settings: ServingSettings, slot: ModelSlot, health: Health, metrics: ServingMetrics) -> Endpoint:
    """Once in a process: KServe's application is a global."""
    repository = SlotRepository(TextModel(slot, settings.serving_model), slot, settings.serving_model)
    server = ModelServer(registered_models=repository)
    server.dataplane = SlotDataPlane(repository, slot)
    extension = FixedRepository(repository)
    shadow = Shadow(metrics)
    answering = Answering(slot, metrics, shadow)
    limits = Limits(settings.serving_max_texts, settings.serving_max_document_chars)
    # One pool for both protocols: what is beyond it waits.
    threads = ThreadPoolExecutor(settings.serving_concurrent_requests, "inference")
    # Before KServe's own routes: its /metrics knows nothing of ours.
    app.include_router(ops_router(health, metrics.registry))
    RESTServer("", server.dataplane, extension, http_port=settings.http.port).create_application()
    app.add_middleware(Predictions, answering=answering, check=repository.check, limits=limits, threads=threads)
    # The last is the outermost.
    app.add_middleware(
        HttpGuard,
        auth=settings.auth,
        max_bytes=settings.serving_max_body_bytes,
        timeout_s=settings.serving_body_timeout_s,
    )
    servicer = GrpcPredictions(server.dataplane, extension, answering, limits, threads)
    return Endpoint(app, servicer, shadow, settings)
