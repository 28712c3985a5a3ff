"""What alerts begin with and end at: a monitor that finds what a test says, a receiver of webhooks that keeps them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from towpath.monitoring.domain.finding import Finding, Monitor, Severity

__all__ = ["Hook", "Switch"]


class Switch(Monitor):
    """Each cause, one that no other monitor has, is on, with a severity, or off."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def on(self, cause: str, severity: Severity = "warning", **more: Any) -> None:
        self._set(Finding(cause, firing=True, summary=f"{cause} is wrong", severity=severity, **more))

    def off(self, cause: str) -> None:
        self._set(Finding(cause, firing=False, summary=f"{cause} is well again"))

    def _set(self, finding: Finding) -> None:
        # Another thread reads what is there.
        self._found = {**self._found, finding.cause: finding}

    def findings(self) -> Iterable[Finding]:
        return self._found.values()


class Hook:
    """An HTTP server on a port of its own. `status` is what it answers; what it answered 200 is in `got`."""

    def __init__(self) -> None:
        self.status, self.asked = 200, 0
        self.got: list[tuple[str, dict[str, str], Any]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = hook.status
                if status == 200:
                    hook.got.append((self.path, dict(self.headers), body))
                hook.asked += 1
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", hook.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def told(self) -> list[tuple[str, str, str]]:
        """(status, cause, severity) of each alert, in the order in which they came."""
        alerts = [each for _, _, body in list(self.got) for each in body["alerts"]]
        return [(each["status"], each["labels"]["cause"], each["labels"]["severity"]) for each in alerts]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
