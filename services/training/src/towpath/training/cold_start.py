"""Cold start: an installation without a release gets one that was trained on nothing, so that it predicts at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import TowpathError
from towpath.core.objective import load_objective
from towpath.core.service import Backoff
from towpath.training.adapters.releases import Releases
from towpath.training.settings import TrainingSettings
from towpath.v1 import ModelRelease

__all__ = ["ColdStart"]

_log = structlog.get_logger(__name__)


@dataclass
class ColdStart:
    """Tried whenever the trainer has nothing to do, until a release is there; never while a run could release, too."""

    releases: Releases
    settings: TrainingSettings
    make: Callable[[threading.Event], ModelRelease]
    backoff: Backoff = field(default_factory=Backoff)
    done: bool = False

    def attempt(self, stop: threading.Event) -> None:
        """Once; what is in the way is told and waited out a little."""
        if self.done or stop.is_set():
            return
        try:
            self._publish(load_objective(self.settings.objective).name, stop)
            self.done = True
        except (TowpathError, OSError) as error:
            if not stop.is_set():
                _log.warning("training.cold_start_waiting", reason=str(error)[:1000])
            self.backoff.wait(stop)

    def _publish(self, name: str, stop: threading.Event) -> None:
        if self._reigns(name, stop):
            return
        release = self.make(stop)
        # Making it took seconds, in which another replica may have been faster.
        with self.releases.deciding:
            if self._reigns(name, stop):
                return
            self.releases.publish(release)
        _log.info("training.cold_start", release_id=release.release_id, reason=release.gate_explanation)

    def _reigns(self, name: str, stop: threading.Event) -> bool:
        reigning = self.releases.reigning(name, stop)
        if reigning is not None:
            _log.info("training.cold_start_not_needed", release_id=reigning.release_id)
        return reigning is not None
