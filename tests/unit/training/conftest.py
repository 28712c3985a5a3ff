"""A Kubernetes API server as far as training asks of one: over HTTP, for the real client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes import client

from towpath.training.adapters.cluster import Cluster

NAMESPACE = "team"


class FakeKubernetes:
    """Holds Jobs, the pod of the newest one, and its log. Tests write its state, the client reads it."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pod_status: dict[str, Any] | None = None
        self.lines: list[bytes] = []
        self.log_ended = threading.Event()
        self.created, self.deleted = threading.Event(), list[str]()
        self.answers: list[int] = []  # statuses for the next requests, in the place of what they ask for
        self.cuts: list[int] = []  # bytes after which the next readings of the log break off
        self.readings = 0
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        server.daemon_threads = True
        self.server, self.url = server, f"http://127.0.0.1:{server.server_port}"
        self.thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def say(self, *said: Any) -> None:
        """Lines of the pod's log: strings as they are, everything else as JSON."""
        for each in said:
            text = each if isinstance(each, str) else json.dumps(each)
            self.lines.append(f"2026-11-25T08:00:{len(self.lines):012.9f}Z {text}\n".encode())

    def end(self, *, code: int = 0, reason: str = "Completed") -> None:
        """The pod ends, and so does its Job."""
        self.log_ended.set()
        phase, kind = ("Succeeded", "Complete") if code == 0 else ("Failed", "Failed")
        self.pod_status = running({"terminated": {"exitCode": code, "reason": reason}}, phase)
        for job in self.jobs.values():
            job["status"] = {"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]}

    def close(self) -> None:
        self.log_ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def running(state: dict[str, Any] | None = None, phase: str = "Running") -> dict[str, Any]:
    return {"phase": phase, "containerStatuses": [{"state": state or {"running": {}}}]}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeKubernetes
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        kind, name, *more = [*place.path.split("/namespaces/team/")[1].split("/"), ""]
        if self._refused():
            return
        if more and more[0] == "log":
            self._log()
        elif kind == "jobs" and name:
            self._answer(200 if name in self.fake.jobs else 404, self.fake.jobs.get(name, {}))
        elif kind == "jobs":
            own = parse_qs(place.query)["labelSelector"][0].split("!=")[1].split(",")[0]
            items = [job for job in self.fake.jobs.values() if job["metadata"]["labels"]["towpath.io/run"] != own]
            self._answer(200, {"items": items})
        elif name:
            self._answer(200, {"metadata": {"name": name, "uid": "uid-1"}})
        else:
            about = {"name": "pod-1", "creationTimestamp": "2026-11-25T08:00:00Z"}
            status = self.fake.pod_status
            self._answer(200, {"items": [{"metadata": about, "status": status}] if status else []})

    def do_POST(self) -> None:
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._refused():
            return
        taken = job["metadata"]["name"] in self.fake.jobs
        if not taken:
            self.fake.jobs[job["metadata"]["name"]] = {**job, "status": {}}
        self.fake.created.set()
        self._answer(409 if taken else 201, job)

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.split("?")[0].rpartition("/")[2]
        self.fake.deleted.append(name)
        self._answer(200 if self.fake.jobs.pop(name, None) else 404, {})

    def _refused(self) -> bool:
        status = self.fake.answers.pop(0) if self.fake.answers else 200
        if status != 200:
            self._answer(status, {"message": "no"})
        return status != 200

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _log(self) -> None:
        self.fake.readings += 1
        follow = "follow=True" in self.path
        left = self.fake.cuts.pop(0) if self.fake.cuts else 10**9
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = 0
        while True:
            ended = self.fake.log_ended.is_set()
            for line in self.fake.lines[sent:]:
                part = line[:left]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                sent, left = sent + 1, left - len(line)
                if left <= 0:
                    self.close_connection = True  # without the last chunk: broken off
                    return
            if ended or not follow:
                self.wfile.write(b"0\r\n\r\n")
                return
            self.fake.log_ended.wait(0.01)

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def kubernetes() -> Iterator[FakeKubernetes]:
    fake = FakeKubernetes()
    yield fake
    fake.close()


@pytest.fixture
def cluster(kubernetes: FakeKubernetes) -> Iterator[Cluster]:
    settings = client.Configuration()
    settings.host, settings.retries = kubernetes.url, False
    with client.ApiClient(settings) as api:
        yield Cluster(api, NAMESPACE)
