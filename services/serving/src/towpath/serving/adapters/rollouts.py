"""Who challenges the reigning release: the last rollout of its model's name, with the challenger in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from towpath.core.errors import RetryableError
from towpath.core.service import Backoff
from towpath.model import BundleError
from towpath.serving.domain.slot import Challenger, ModelSlot, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import ModelRelease, Rollout, RolloutMode

__all__ = ["Challengers"]

_log = structlog.get_logger(__name__)
_MODES = {RolloutMode.ROLLOUT_MODE_SHADOW: "shadow", RolloutMode.ROLLOUT_MODE_CANARY: "canary"}


@dataclass
class Challengers:
    """Used by the thread that follows releases, after each look at the topics."""

    load: Callable[[ModelRelease], Serving]
    slot: ModelSlot
    metrics: ServingMetrics
    refuse: Callable[[ModelRelease, str], None]
    backoff: Backoff = field(default_factory=lambda: Backoff(base_s=0.5, cap_s=15.0))
    clock: Callable[[], float] = time.monotonic
    _rollouts: dict[str, Rollout] = field(default_factory=dict)
    _refused: str = ""
    _due: float = 0.0

    def note(self, rollout: Rollout) -> None:
        """The last of each model's name counts."""
        self._rollouts[rollout.model_name] = rollout
        self._due = 0.0
        _log.info("serving.rollout", rollout_id=rollout.rollout_id, mode=RolloutMode.Name(rollout.mode))

    def settle(self) -> bool:
        """Put into the slot who challenges what serves. False while its bundle is waited for.

        Tries again when it is time, and returns at once before: a new champion must not wait for a challenger.
        """
        serving = self.slot.get()
        if serving is None:
            return True
        if self.clock() < self._due:
            return False
        self._put(serving, self.beside(serving))
        return self._due == 0.0

    def beside(self, serving: Serving) -> Serving:
        """A champion with who challenges it; alone where that one's bundle cannot be had now."""
        try:
            challenger = self._challenger(serving)
        except RetryableError as error:
            _log.warning("serving.challenger_waiting", reason=str(error), tries=self.backoff.tries)
            self._due = self.clock() + self.backoff.delay_s()
            # One of a rollout before this one must not answer meanwhile: its time is over.
            return replace(serving, challenger=None)
        self._due = 0.0
        self.backoff.reset()
        return replace(serving, challenger=challenger)

    def _put(self, before: Serving, after: Serving) -> None:
        if after != before:
            self.slot.put(after)
        self.metrics.rollout.clear()
        if after.challenger is not None:
            self.metrics.rollout.labels(after.challenger.release.release_id, after.challenger.mode).set(1)

    def promoted(self, release_id: str) -> Serving | None:
        """The challenger as what reigns, where it is the one: nothing is loaded a second time."""
        serving = self.slot.get()
        challenger = serving.challenger if serving is not None else None
        if challenger is None or challenger.release.release_id != release_id:
            return None
        return Serving(challenger.model, challenger.release)

    def _challenger(self, serving: Serving) -> Challenger | None:
        rollout = self._rollouts.get(serving.release.model_name)
        if rollout is None or rollout.mode not in _MODES:
            return None
        release_id = rollout.challenger.release_id
        if release_id in (serving.release.release_id, self._refused):
            return None
        loaded = self._loaded(rollout.challenger, serving.challenger)
        if loaded is None:
            return None
        return Challenger(
            model=loaded.model,
            release=loaded.release,
            rollout_id=rollout.rollout_id,
            mode="shadow" if rollout.mode == RolloutMode.ROLLOUT_MODE_SHADOW else "canary",
            share=rollout.share,
        )

    def _loaded(self, release: ModelRelease, there: Challenger | None) -> Serving | Challenger | None:
        if there is not None and there.release.release_id == release.release_id:
            return there
        try:
            return self.load(release)
        except BundleError as error:
            self._refused = release.release_id
            self.refuse(release, str(error))
            return None
