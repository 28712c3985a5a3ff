"""A service as the process that it is in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from towpath.cli.local.ports import choose_port


class RunningService:
    """`python -m towpath.MODULE` with its log in a file. Its settings are the environment's."""

    def __init__(self, module: str, folder: Path, **environment: str) -> None:
        self.port = choose_port()
        self.log = folder / f"{module}-{self.port}.log"
        settings = {**os.environ, "TOWPATH_HTTP_PORT": str(self.port), "TOWPATH_HOME": str(folder), **environment}
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", f"towpath.{module}"]
            self.process = subprocess.Popen(command, env=settings, stdout=log, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def status(self, path: str) -> int | None:
        try:
            return self.client.get(path).status_code
        except httpx.HTTPError:
            return None

    def until(self, path: str, status: int, limit_s: float = 60.0) -> None:
        """Wait for `path` to answer `status`; the process must live until then."""
        deadline = time.monotonic() + limit_s
        while self.status(path) != status:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, f"{path} is {self.status(path)}, not {status}: {self.said()}"
            time.sleep(0.05)

    def said(self) -> str:
        return self.log.read_text()[-3000:]

    def end(self) -> None:
        """SIGTERM; clean, which it is not when its grace period is over and it is forced to end."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.said()

    def close(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait(10)


StartService = Callable[..., RunningService]


@pytest.fixture(scope="module")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartService]:
    """`start_service("ingestion", TOWPATH_…="…")` starts one; all of a module's are ended with it."""
    with ExitStack() as running:

        def start(module: str, **environment: str) -> RunningService:
            service = RunningService(module, tmp_path_factory.mktemp(module), **environment)
            running.callback(service.close)
            return service

        yield start
