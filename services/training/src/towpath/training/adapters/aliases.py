"""MLflow's aliases follow what Kafka says: `champion` reigns, `challenger` is tried beside it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from towpath.core.errors import RetryableError
from towpath.core.service import Backoff
from towpath.training.domain.online.releases import is_online
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease, Rollout

__all__ = ["Aliases", "move_challenger", "move_champion"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Wanted:
    name: str
    champion: ModelRelease | None
    challenger: ModelRelease | None


@dataclass
class Aliases:
    """`champion` and `challenger` move one alias each.

    MLflow's client tries for minutes before it gives up: who decides does not wait for it, `loop` does.
    """

    settings: TrainingSettings
    champion: Callable[[Path, ModelRelease], None]
    challenger: Callable[[Path, str, ModelRelease | None], None]
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=1.0, cap_s=60.0))
    _wanted: queue.SimpleQueue[_Wanted] = field(default_factory=queue.SimpleQueue)

    def follow(self, name: str, champion: ModelRelease | None, running: Rollout | None) -> None:
        """Soon, `challenger` is what is tried and, unless None, `champion` what reigns."""
        # MLflow takes seconds to import: not where there is nothing in it.
        if self.settings.mlflow_tracking_uri or (self.settings.home / "mlflow.db").exists():
            self._wanted.put(_Wanted(name, champion, running.challenger if running is not None else None))

    def crown(self, release: ModelRelease) -> str:
        """Move `champion` now; returns what came of it, in words."""
        try:
            self.champion(self.settings.home, release)
        except RetryableError as error:
            return f"not champion in MLflow yet: {error}"
        return "champion in MLflow"

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`: one after the other, each until it is done or the next one is wanted."""
        wanted: _Wanted | None = None
        while not stop.is_set():
            try:
                newer = self._wanted.get(timeout=0.2)
                wanted = newer if newer.champion or wanted is None else replace(newer, champion=wanted.champion)
            except queue.Empty:
                if wanted is None:
                    continue
            try:
                self._move(wanted)
                wanted = None
                self.backoff.reset()
            except RetryableError as error:
                _log.warning("training.aliases_behind", reason=str(error)[:500])
                self.backoff.wait(stop)

    def _move(self, wanted: _Wanted) -> None:
        self.challenger(self.settings.home, wanted.name, _of_a_run(wanted.challenger))
        champion = _of_a_run(wanted.champion)
        if champion is not None:
            self.champion(self.settings.home, champion)


def _of_a_run(release: ModelRelease | None) -> ModelRelease | None:
    # MLflow is told of runs, and never of the versions of an online head.
    return None if release is None or is_online(release) else release


def move_champion(home: Path, release: ModelRelease) -> None:
    """Raises RetryableError when MLflow is away, or does not know the release."""
    # MLflow takes seconds to import; most lives of this service never release.
    from towpath.pipelines.tracking import promote

    promote(home, release)


def move_challenger(home: Path, name: str, release: ModelRelease | None) -> None:
    """None: nothing is tried. Raises RetryableError as `move_champion`."""
    from towpath.pipelines.tracking import challenge

    challenge(home, name, release)
