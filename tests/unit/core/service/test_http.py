"""The HTTP edge: each kind of error has one answer, probes tell the truth."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter
from pydantic import BaseModel

from towpath.core.errors import (
    ConflictError,
    CrashError,
    NotFoundError,
    RejectedError,
    RetryableError,
    TooLargeError,
    TowpathError,
)
from towpath.core.service import Health, NotReadyError, new_app


class Thing(BaseModel):
    size: int


def app_raising(error: Exception | None = None, health: Health | None = None) -> FastAPI:
    app = new_app("test", health or Health(), CollectorRegistry())

    @app.post("/things")
    def things(thing: Thing) -> Thing:
        if error is not None:
            raise error
        return thing

    return app


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TooLargeError("too long", where="line 3"), 413),
        (NotFoundError("no such run"), 404),
        (ConflictError("running"), 409),
        (RejectedError("empty text", where="line 3"), 422),
        (RetryableError("Kafka is away"), 503),
        (CrashError("lost"), 500),
        (TowpathError("other"), 500),
    ],
)
def test_each_error_of_the_tree_becomes_one_problem(error: TowpathError, status: int) -> None:
    answer = TestClient(app_raising(error)).post("/things", json={"size": 1})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["detail"]) == (status, str(error))
    assert ("retry-after" in answer.headers) == (status == 503)
    assert body.get("where") == getattr(error, "where", None)


def test_an_invalid_body_is_named_by_pointer_and_not_echoed() -> None:
    answer = TestClient(app_raising()).post("/things", json={"size": "enormous-secret"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/size"
    assert "enormous-secret" not in answer.text


def test_unknown_paths_and_methods_are_problems_too() -> None:
    client = TestClient(app_raising())
    for answer, status in ((client.get("/nothing"), 404), (client.get("/things"), 405)):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


def test_readiness_names_what_is_missing_and_recovers() -> None:
    away = [True]

    def kafka() -> None:
        if away[0]:
            raise NotReadyError("no broker answers")

    health = Health(cache_s=0.0)
    health.add("kafka", kafka)
    client = TestClient(app_raising(health=health))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"kafka": "no broker answers"})
    assert client.get("/livez").status_code == 200
    away[0] = False
    assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (200, {"kafka": "ok"})


def test_metrics_are_prometheus_text() -> None:
    registry = CollectorRegistry()
    Counter("towpath_test_things", "Things", registry=registry).inc(3)
    app = new_app("test", Health(), registry)
    assert "towpath_test_things_total 3.0" in TestClient(app).get("/metrics").text
