"""Towpath's services on this machine: a process each, as on a cluster, with ports that are free."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from towpath.cli.local.ports import choose_port
from towpath.cli.local.process import Process
from towpath.cli.local.state import Started
from towpath.core.errors import TowpathError

__all__ = ["ENDPOINT", "SERVICES", "Installation", "RunningService", "ServiceSpec", "Services"]

_LIVE_LIMIT_S = 90.0


@dataclass(frozen=True)
class ServiceSpec:
    """A service: its module, the port it would like, and what else it is told."""

    name: str
    module: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    more_ports: Mapping[str, int] = field(default_factory=dict)  # by the variable that tells it
    docs: str | None = None


SERVICES: tuple[ServiceSpec, ...] = (
    ServiceSpec("ingestion", "towpath.ingestion", 8081, docs="/docs"),
    ServiceSpec("serving", "towpath.serving", 8082, {"TOWPATH_SERVING_MODE": "worker"}),
    ServiceSpec("monitoring", "towpath.monitoring", 8085),
    ServiceSpec("training", "towpath.training", 8086, docs="/docs"),
)
# Started when asked for: a second copy of the model and KServe's imports are much for a small machine.
ENDPOINT = ServiceSpec(
    "endpoint",
    "towpath.serving",
    8083,
    {"TOWPATH_SERVING_MODE": "endpoint"},
    {"TOWPATH_SERVING_GRPC_PORT": 8084},
    docs="/docs",
)


@dataclass(frozen=True)
class Installation:
    """What all services of one installation have in common."""

    home: Path
    bootstrap_servers: str
    topic_prefix: str
    objective: Path

    def environment(self) -> dict[str, str]:
        return {
            "TOWPATH_HOME": str(self.home.resolve()),
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "TOWPATH_TOPIC_PREFIX": self.topic_prefix,
            "TOWPATH_OBJECTIVE": str(self.objective.resolve()),
            "TOWPATH_HTTP_HOST": "127.0.0.1",
            "TOWPATH_CODE_REVISION": os.environ.get("TOWPATH_CODE_REVISION") or _revision(),
        }


@dataclass(frozen=True)
class RunningService:
    spec: ServiceSpec
    process: Process
    port: int
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Services:
    """The processes of an installation. Tied to this process unless `detached`."""

    def __init__(self, installation: Installation, *, detached: bool = False) -> None:
        self.installation = installation
        self._detached = detached
        self.running: dict[str, RunningService] = {}

    def __getitem__(self, name: str) -> RunningService:
        return self.running[name]

    def start(self, specs: Sequence[ServiceSpec], more: Mapping[str, str] | None = None) -> None:
        """Start them all at once; `more` is added to the environment of each."""
        taken: set[int] = set()
        for spec in specs:
            port = choose_port(spec.port, not_these=taken)
            taken.add(port)
            others = {}
            for variable, preferred in spec.more_ports.items():
                others[variable] = choose_port(preferred, not_these=taken)
                taken.add(others[variable])
            environment = {
                **self.installation.environment(),
                **(more or {}),
                **spec.environment,
                **{variable: str(number) for variable, number in others.items()},
                "TOWPATH_HTTP_PORT": str(port),
            }
            self._start_one(spec, port, environment)

    def _start_one(self, spec: ServiceSpec, port: int, environment: Mapping[str, str]) -> None:
        process = Process(
            [sys.executable, "-m", spec.module],
            log=self.installation.home / "logs" / f"{spec.name}.log",
            environment=environment,
            detached=self._detached,
        )
        process.start()
        self.running[spec.name] = RunningService(spec, process, port, environment)

    def restart(self, name: str, more: Mapping[str, str]) -> None:
        """Stop one and start it anew where it was, with `more` in its environment; `wait_live` waits for it."""
        before = self.running[name]
        before.process.stop()
        self._start_one(before.spec, before.port, {**before.environment, **more})

    def wait_live(self, progress: Callable[[str], None], *, timeout_s: float = _LIVE_LIMIT_S) -> None:
        """Return when every one answers /livez. `progress` hears the name of each.

        Raises:
            TowpathError: one ended, or does not answer in time; the message shows its log.
        """
        waiting = dict(self.running)
        deadline = time.monotonic() + timeout_s
        with httpx.Client(timeout=2.0) as client:
            while waiting:
                for name in [name for name, each in waiting.items() if _answers(client, each)]:
                    del waiting[name]
                    progress(name)
                self.check()
                if waiting and time.monotonic() > deadline:
                    raise TowpathError(f"{', '.join(waiting)}: no answer within {timeout_s:g} s; see {self._logs()}")
                time.sleep(0.1)

    def check(self) -> None:
        """Raises TowpathError when a service has ended, with the end of its log."""
        for name, each in self.running.items():
            if not each.process.alive:
                code, tail = each.process.code, each.process.tail()
                raise TowpathError(f"{name} ended with code {code}; its log ends:\n{tail}")

    def started(self) -> list[Started]:
        """For `up.json`."""
        return [Started.of(name, each.process.pid, each.process.log, each.url) for name, each in self.running.items()]

    def stop(self) -> dict[str, int | None]:
        """All at once; the exit code of each."""
        for each in self.running.values():
            each.process.ask_to_stop()
        return {name: each.process.stop() for name, each in self.running.items()}

    def _logs(self) -> Path:
        return self.installation.home / "logs"


def _revision() -> str:
    """Of the checkout that this code is in, for lineage; empty when it is none."""
    try:
        command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _answers(client: httpx.Client, service: RunningService) -> bool:
    try:
        return client.get(f"{service.url}/livez").status_code == 200
    except httpx.HTTPError:
        return False
