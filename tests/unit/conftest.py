"""A real S3 server (moto's) on loopback, which can go away and come back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from towpath.cli.local.ports import choose_port
from towpath.core.service import StoreSettings
from towpath.core.store import Store, open_store


class S3Server:
    """Credentials are the environment's, as in production. Each test gets a bucket."""

    def __init__(self) -> None:
        self.port = choose_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.bucket = ""
        self._server: ThreadedMotoServer | None = None
        self.start()

    def start(self) -> None:
        if self._server is None:
            self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
            self._server.start()

    def stop(self) -> None:
        """What it holds outlives this."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def new_bucket(self) -> None:
        self.bucket = f"towpath-{uuid.uuid4().hex[:8]}"
        client = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1")
        client.create_bucket(Bucket=self.bucket)
        client.close()

    def settings(self, prefix: str) -> StoreSettings:
        return StoreSettings(url=f"s3://{self.bucket}/{prefix}", endpoint_url=self.url, region="us-east-1")

    def store(self, prefix: str) -> Store:
        store = open_store(self.settings(prefix))
        assert store is not None
        return store


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """With an empty bucket of this test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "towpath")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    s3_server.new_bucket()
    yield s3_server
    s3_server.start()
