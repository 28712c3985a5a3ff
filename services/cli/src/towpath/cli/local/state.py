"""What `towpath up` has started, so that `down` and `status` find it again: {home}/up.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from towpath.cli.local.process import began, stop_pid
from towpath.core.errors import TowpathError

__all__ = ["Started", "Up"]


class Started(BaseModel):
    """A process. `began`: its start in seconds since the epoch; with it a reused pid is told apart."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    began: float
    log: str
    url: str | None = None

    @classmethod
    def of(cls, name: str, pid: int | None, log: Path, url: str | None = None) -> Started:
        """Raises TowpathError when it has ended already."""
        since = None if pid is None else began(pid)
        if pid is None or since is None:
            raise TowpathError(f"{name} ended as soon as it was up; see {log}")
        return cls(name=name, pid=pid, began=since, log=str(log), url=url)

    @property
    def alive(self) -> bool:
        since = began(self.pid)
        return since is not None and abs(since - self.began) <= 0.5


class Up(BaseModel):
    """Processes in the order in which they were started."""

    model_config = ConfigDict(frozen=True)

    bootstrap_servers: str
    topic_prefix: str
    processes: Sequence[Started]

    @staticmethod
    def path(home: Path) -> Path:
        return home / "up.json"

    @classmethod
    def load(cls, home: Path) -> Up | None:
        """None when nothing was started here.

        Raises:
            TowpathError: the file is not what `save` writes.
        """
        path = cls.path(home)
        if not path.exists():
            return None
        try:
            return cls.model_validate_json(path.read_text("utf-8"))
        except ValidationError as error:
            raise TowpathError(f"{path} cannot be read: {error}; stop the processes by hand and remove it") from error

    def save(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        partial = self.path(home).with_suffix(".partial")
        partial.write_text(json.dumps(self.model_dump(mode="json"), indent=2) + "\n")
        partial.replace(self.path(home))

    @property
    def alive(self) -> list[Started]:
        return [each for each in self.processes if each.alive]

    def stop(self, home: Path) -> list[str]:
        """Services at once, then Kafka; returns the names of those that were running."""
        services = [each for each in self.processes if each.name != "kafka"]
        brokers = [each for each in self.processes if each.name == "kafka"]
        stopped: list[str] = []
        with ThreadPoolExecutor(max(1, len(services))) as pool:
            results = pool.map(lambda each: stop_pid(each.pid, each.began), services)
            stopped += [each.name for each, was in zip(services, results, strict=True) if was]
        stopped += [each.name for each in brokers if stop_pid(each.pid, each.began, grace_s=20.0)]
        self.path(home).unlink(missing_ok=True)
        return stopped
