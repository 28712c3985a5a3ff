"""The real Label Studio on loopback, on a copy of the database that scripts/label-studio made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from towpath.cli.local.ports import choose_port

ROOT = Path(__file__).parents[3]
INSTALLED = ROOT / ".cache" / "label-studio"
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # of the user that is in the database
# It talks to nobody but who asks it, and may post to loopback.
SETTINGS = {
    "DJANGO_DB": "sqlite", "SECRET_KEY": "of-the-tests", "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "SSRF_PROTECTION_ENABLED": "false", "LOG_LEVEL": "ERROR",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "LABEL_STUDIO_WEBHOOK_TIMEOUT": "10",
}  # fmt: skip


class RunningLabelStudio:
    """`client` is a person with a browser: what raters do, done through the API."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([ROOT / "scripts" / "label-studio"], check=True)
        self.log = folder / "label-studio.log"
        shutil.copytree(INSTALLED / ".template", folder / "data")
        port = choose_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [INSTALLED / "bin" / "label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1"]
        environment = {**os.environ, **SETTINGS, "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(port)],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.client = httpx.Client(base_url=self.url, headers={"Authorization": f"Token {TOKEN}"}, timeout=60)

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.1)

    def stop(self) -> None:
        self.client.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self.client.request(method, path, **request)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def _answers(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLabelStudio]:
    server = RunningLabelStudio(tmp_path_factory.mktemp("label-studio"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()
