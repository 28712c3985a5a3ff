"""What became of releases after their runs: which were taken back, and so answer nothing any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from towpath.training.domain.online.releases import is_online
from towpath.training.domain.retraining.facts import PastRun
from towpath.training.domain.rollouts import replaced_by
from towpath.v1 import ModelRelease, Rollout, RolloutMode, RolloutOutcome

__all__ = ["Fates"]


@dataclass
class Fates:
    """Of one model's releases. It takes each topic's messages in the topic's order; which topic first does not matter.

    A release is taken back when its rollout is rolled back, or when the one before reigns again. Where a newer one took
    its place in a rollout, its fate is the newer one's.
    """

    model: str
    # When each topic spoke of a release last, and whether it was taken back then.
    _tried: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _reigned: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _newer: dict[str, str] = field(default_factory=dict)
    _last: str = ""
    _reigning: str = ""

    def tried(self, rollout: Rollout, at: float) -> None:
        """As it was told on `rollouts` `at`, in seconds since the epoch."""
        if rollout.model_name != self.model:
            return
        name, newer = rollout.challenger.release_id, replaced_by(rollout)
        ended = rollout.mode == RolloutMode.ROLLOUT_MODE_ENDED
        self._tried[name] = (at, ended and rollout.outcome == RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK)
        self._newer.pop(name, None)
        if newer:
            self._newer[name] = newer

    def reigns(self, release: ModelRelease, at: float) -> None:
        """As it was told on `models` `at`, in seconds since the epoch."""
        if release.model_name != self.model:
            return
        last, self._last = self._last, release.release_id
        # A version of an online head is of the release that it learns beside.
        if is_online(release) and release.previous_release_id == self._reigning:
            return
        before, self._reigning = self._reigning, release.release_id
        if before and before != release.release_id and release.previous_release_id not in (before, last):
            self._reigned[before] = (at, True)
        self._reigned[release.release_id] = (at, False)

    def told(self, run: PastRun) -> PastRun:
        """`run`, with what became of its release since."""
        at = self._taken_back(run.release_id) if run.released else None
        return run if at is None else replace(run, released=False, lost_at=at)

    def _taken_back(self, release_id: str) -> float | None:
        """Since when; None where it is not."""
        seen = set[str]()
        while release_id in self._newer and release_id not in seen:
            seen.add(release_id)
            release_id = self._newer[release_id]
        known = [each[release_id] for each in (self._tried, self._reigned) if release_id in each]
        at, back = max(known, key=lambda said: said[0], default=(0.0, False))
        return at if back else None
