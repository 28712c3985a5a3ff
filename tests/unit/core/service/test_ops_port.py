"""The ops port: probes and metrics go on while callers fill the API's port, and while the service ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

PROGRAM = """
import sys, time
from prometheus_client import CollectorRegistry
from towpath.core.service import Health, Service, ServiceSettings, new_app, run
registry, health = CollectorRegistry(), Health(cache_s=0.0)
app = new_app("demo", health, registry)
@app.get("/slow")
def slow() -> str:
    print("asked", flush=True)
    sys.stdin.readline()
    return "done"
def loop(stop):
    print("ready", flush=True)
    stop.wait()
sys.exit(run(Service("demo", ServiceSettings(grace_s=6), health, registry, app, [loop])))
"""
CONNECTIONS = 8


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def within(seconds: float, probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if probe():
                return
        except OSError:
            pass  # not listening yet
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:g} s")


@contextmanager
def program(**environment: object) -> Iterator[subprocess.Popen[str]]:
    names = {f"TOWPATH_HTTP_{name.upper()}": str(value) for name, value in environment.items()}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PROGRAM]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **names})
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


def test_idle_connections_that_fill_the_api_leave_the_ops_port_free(ports: tuple[int, int]) -> None:
    api, ops = ports
    with program(port=api, ops_port=ops, max_connections=CONNECTIONS), ExitStack() as idle:
        within(20, lambda: get(api, "/livez")[0] == get(ops, "/livez")[0] == 200)
        for _ in range(CONNECTIONS):
            idle.enter_context(socket.create_connection(("127.0.0.1", api)))
        within(10, lambda: get(api, "/livez")[0] == 503)
        assert get(ops, "/readyz")[0] == 200
        assert get(ops, "/metrics")[0] == 200


def test_the_ops_port_has_probes_and_metrics_alone_and_the_api_no_metrics(ports: tuple[int, int]) -> None:
    api, ops = ports
    with program(port=api, ops_port=ops):
        within(20, lambda: get(api, "/livez")[0] == get(ops, "/livez")[0] == 200)
        assert [get(ops, path)[0] for path in ("/readyz", "/slow", "/docs", "/openapi.json")] == [200, 404, 404, 404]
        status, body = get(api, "/metrics")
        assert status == 404
        assert str(ops) in json.loads(body)["detail"]


def test_without_an_ops_port_metrics_stay_where_they_were(ports: tuple[int, int]) -> None:
    with program(port=ports[0]):
        within(20, lambda: get(ports[0], "/metrics")[0] == 200)


def test_readiness_ends_first_and_what_was_begun_is_finished(ports: tuple[int, int]) -> None:
    api, ops = ports
    with program(port=api, ops_port=ops) as process:
        within(20, lambda: get(api, "/livez")[0] == get(ops, "/readyz")[0] == 200)
        asking = http.client.HTTPConnection("127.0.0.1", api, timeout=20)
        asking.request("GET", "/slow")
        assert process.stdout is not None
        assert process.stdin is not None
        while process.stdout.readline() != "asked\n":
            pass
        process.send_signal(signal.SIGTERM)
        within(3, lambda: get(ops, "/readyz")[0] == 503)
        assert "stopping" in get(ops, "/readyz")[1]
        assert get(ops, "/livez")[0] == get(ops, "/metrics")[0] == 200
        process.stdin.write("\n")
        process.stdin.flush()
        assert asking.getresponse().read() == b'"done"'
        assert process.wait(timeout=20) == 0


def test_while_it_drains_new_requests_are_answered(ports: tuple[int, int]) -> None:
    api, ops = ports
    with program(port=api, ops_port=ops, drain_s=30) as process:
        within(20, lambda: get(api, "/livez")[0] == get(ops, "/readyz")[0] == 200)
        process.send_signal(signal.SIGTERM)
        within(3, lambda: get(ops, "/readyz")[0] == 503)
        assert get(api, "/livez")[0] == 200
        process.send_signal(signal.SIGTERM)  # a second one cuts it short
        assert process.wait(timeout=20) == 0


def test_a_taken_ops_port_ends_the_service_and_names_the_setting(ports: tuple[int, int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with program(port=ports[0], ops_port=port) as process:
            assert process.wait(timeout=20) == 1
            assert process.stderr is not None
            said = [json.loads(line) for line in process.stderr.read().splitlines()]
    refused = next(record for record in said if record["event"] == "service.refused")
    assert refused["setting"] == "TOWPATH_HTTP_OPS_PORT"
    assert f"127.0.0.1:{port}" in refused["reason"]
