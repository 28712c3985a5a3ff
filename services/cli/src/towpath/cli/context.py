"""What the commands have in common: where the installation is, how errors are told, a console."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from towpath.cli.local.state import Up
from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.core.service import KafkaSettings, ServiceSettings
from towpath.core.stream import Broker, Registry, connect

__all__ = ["Installed", "console", "errors_told", "installed", "plain"]

console = Console(stderr=True)
_PORTS = {"ingestion": 8081, "serving": 8082, "endpoint": 8083, "monitoring": 8085, "training": 8086}


def plain(text: str) -> str:
    """Without control characters: a message must not move the reader's cursor or colour the terminal."""
    return "".join("�" if unicodedata.category(each) in ("Cc", "Cf") and each not in "\n\t" else each for each in text)


@dataclass(frozen=True)
class Installed:
    """An installation: what `towpath up` started here, or what the environment says."""

    home: Path
    settings: ServiceSettings
    up: Up | None

    @property
    def registry(self) -> Registry:
        prefix = self.up.topic_prefix if self.up else self.settings.topic_prefix
        return Registry.load(prefix)

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach Kafka: as the environment says, else as `towpath up` started it."""
        if self.up is not None and "TOWPATH_KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
            return KafkaSettings(bootstrap_servers=self.up.bootstrap_servers)
        return self.settings.kafka

    def broker(self) -> Broker:
        """Raises RetryableError with the remedy when Kafka does not answer."""
        kafka = self.kafka
        broker = connect(kafka)
        try:
            broker.ping(timeout_s=5.0)
        except RetryableError as error:
            raise RetryableError(
                f"no Kafka at {kafka.bootstrap_servers}: start one with `towpath up`, or set "
                f"TOWPATH_KAFKA_BOOTSTRAP_SERVERS ({error})"
            ) from None
        return broker

    def url(self, service: str) -> str:
        """Where a service listens: TOWPATH_<SERVICE>_URL, what `towpath up` started, or its usual port."""
        told = os.environ.get(f"TOWPATH_{service.upper()}_URL")
        if told:
            return told.rstrip("/")
        for process in self.up.processes if self.up else ():
            if process.name == service and process.url:
                return process.url
        return f"http://127.0.0.1:{_PORTS[service]}"

    def headers(self) -> dict[str, str]:
        """The API key, when there is one."""
        key = os.environ.get("TOWPATH_API_KEY")
        return {"X-API-Key": key} if key else {}


def installed() -> Installed:
    """The installation that TOWPATH_HOME names (.towpath)."""
    settings = ServiceSettings()
    return Installed(settings.home, settings, Up.load(settings.home))


@contextlib.contextmanager
def errors_told() -> Iterator[None]:
    """Errors that a user can do something about are told in a line, without a traceback (TOWPATH_DEBUG=1 shows it)."""
    import httpx

    try:
        yield
    except RejectedError as error:
        _fail(error, str(error), 2)
    except (TowpathError, OSError, ValueError) as error:
        _fail(error, str(error) or type(error).__name__, 1)
    except httpx.HTTPError as error:
        _fail(error, f"{type(error).__name__}: {error}; is the service running? `towpath status` tells", 1)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _fail(error: BaseException, message: str, code: int) -> None:
    if os.environ.get("TOWPATH_DEBUG"):
        raise error
    sys.stderr.write(f"error: {plain(message)}\n")
    raise typer.Exit(code) from None
