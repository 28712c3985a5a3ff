"""One installation for all tests, as production would have it: credentials, ACLs, API keys, S3, KEDA, KServe.

The files run in the order of their numbers, each on what those before it left. `make e2e` brings the cluster up,
builds and loads the images, and runs this inside the cluster's network.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from e2e.support import s3
from e2e.support.client import Client, kafka_env, pod
from e2e.support.cluster import CHART, Namespace, namespace
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import Tweet, read_sdist, split

VALUES = Path(__file__).parent / "values.yaml"
_FIRST = ("test_00_images.py", "test_01_first_install.py")
_USERS = ("ingestion", "serving", "monitoring", "training", "client", "admin")


@dataclass(frozen=True)
class Installation:
    """`towpath` in its namespace, with two consumers' pods beside it."""

    namespace: Namespace
    client: Client
    key: str

    @property
    def ingestion(self) -> str:
        return "http://towpath-ingestion:8080"

    def upgrade(self, *settings: str, objective: Path | None = None) -> None:
        """`helm upgrade --wait` with the same values and `settings`."""
        sets = [part for each in settings for part in ("--set", each)]
        sets += [] if objective is None else ["--set-file", f"objective={objective}"]
        self.namespace.helm("upgrade", "towpath", str(CHART), "-f", str(VALUES), "--wait", "--timeout=10m", *sets)

    def training(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, object]:
        """The training service's API, as a client's pod calls it."""
        data = json.dumps(body or {})
        found: dict[str, object] = self.client.script(
            "call", method, f"http://towpath-training:8080{path}", self.key, data=data
        )
        return found


@dataclass(frozen=True)
class Tweets:
    """The 4,200, split as the demo does: 2,520 are rated and learned from, 2,000 of which are posted first."""

    everything: tuple[Tweet, ...]

    @cached_property
    def split(self) -> tuple[list[Tweet], list[Tweet]]:
        return split(self.everything, 0.6)

    @property
    def learn(self) -> list[Tweet]:
        return self.split[0]

    @property
    def first(self) -> list[Tweet]:
        return self.learn[:2000]

    @property
    def fresh(self) -> list[Tweet]:
        return self.split[1]


@pytest.fixture(scope="session")
def tweets() -> Tweets:
    return Tweets(tuple(read_sdist(sdist())))


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    with namespace("production") as space, s3.server(space) as store:
        space.secret("towpath-kafka", **{user: secrets.token_hex(12) for user in _USERS})
        key = secrets.token_hex(16)
        space.secret("towpath-keys", **{"api-keys": key, "test-key": key})
        space.secret("towpath-s3", AWS_ACCESS_KEY_ID="towpath", AWS_SECRET_ACCESS_KEY=store.secret)
        try:
            space.helm("install", "towpath", str(CHART), "-f", str(VALUES), "--wait", "--timeout=10m")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{space.told()}") from failure
        space.apply(
            pod("client", "docker.io/towpath/serving:0.1.0", env=kafka_env("towpath-kafka", "client")),
            pod("console", "docker.io/apache/kafka:4.3.1", env=kafka_env("towpath-kafka", "client"), user=1000),
        )
        Client(space, "console").ready()
        yield Installation(space, Client(space, "client").ready(), key)


@pytest.fixture(scope="session")
def console(installation: Installation) -> Client:
    """A pod with Kafka's own tools."""
    return Client(installation.namespace, "console")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nothing can be tested of what does not install: the reason is told at once, not when all others have waited."""
    report = yield
    if report.failed and item.path.name in _FIRST:
        item.session.shouldstop = f"{item.path.name} failed: whatever comes after it needs what it tests"
    return report


_FIGURES = pytest.StashKey[dict[str, object]]()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> dict[str, object]:
    """Figures that tests measured; they are told at the end of the run."""
    return request.config.stash.setdefault(_FIGURES, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("measured")
    terminalreporter.write_line(json.dumps(terminalreporter.config.stash.get(_FIGURES, {}), indent=1))
