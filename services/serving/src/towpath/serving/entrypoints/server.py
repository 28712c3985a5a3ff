"""Running the endpoint: KServe's server has its own main loop, so it does not go through `core.service.run`."""

from __future__ import annotations

import threading

from towpath.core.service import configure_logging, ops_router
from towpath.core.service.auth import check_exposure
from towpath.core.service.settings import HttpSettings
from towpath.core.stream import Broker
from towpath.serving.bootstrap import parts
from towpath.serving.settings import ServingSettings

__all__ = ["run_endpoint"]


def run_endpoint(settings: ServingSettings, *, broker: Broker | None = None) -> int:
    """Until SIGTERM. Waits for the first model before it listens: KServe wants one."""
    # Imported here: the worker needs none of it, and it is slow.
    from kserve import ModelServer
    from kserve.model_server import app

    from towpath.serving.entrypoints.endpoint import TextModel

    configure_logging("serving-endpoint", settings.log_level)
    # KServe listens on every address, whatever is asked for.
    check_exposure(settings.auth, HttpSettings(host="0.0.0.0"))  # noqa: S104
    made, stop = parts(settings, broker=broker), threading.Event()
    for loop in made.loops:
        threading.Thread(target=loop, args=(stop,), daemon=True).start()
    while (serving := made.slot.wait(1.0)) is None:
        pass
    app.include_router(ops_router(made.health, made.metrics.registry))
    model = TextModel(
        settings.serving_model or serving.release.model_name,
        made.slot,
        max_texts=settings.serving_max_texts,
        max_chars=settings.serving_max_document_chars,
    )
    model.load()
    server = ModelServer(
        http_port=settings.http.port,
        grpc_port=settings.serving_grpc_port,
        workers=1,
        enable_docs_url=True,
        grace_period=int(settings.grace_s),
    )
    server.start([model])
    stop.set()
    return 0
