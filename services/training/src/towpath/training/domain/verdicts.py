"""What follows from what monitoring says of the running rollout. Pure."""

from __future__ import annotations

from datetime import datetime

from towpath.core.ids import alert_id
from towpath.core.objective.parts import Rollout as Rule
from towpath.training.domain.rollouts import Change, Decision, State, begin, go_back, promote
from towpath.v1 import Alert, RolloutMode

__all__ = ["MONITOR", "heard"]

MONITOR = "rollout"
_MODES = {RolloutMode.ROLLOUT_MODE_SHADOW: "shadow", RolloutMode.ROLLOUT_MODE_CANARY: "canary"}


def heard(state: State, alert: Alert, rule: Rule, at: datetime) -> Change | None:
    """A promising shadow goes on as canary, a promising canary reigns, an unpromising challenger is taken back.

    None where `alert` is not about what runs now: its id names rollout, mode and the moment since when both are so,
    thus the evidence of an earlier phase decides nothing of a later one, however often it is read again.
    """
    running = state.running
    if running is None:
        return None
    verdict = "promote" if alert.evidence.get("promote", 0.0) > 0 else "roll-back"
    since = str(running.updated_at.ToNanoseconds())
    if alert.alert_id != alert_id(MONITOR, running.rollout_id, _MODES[running.mode], since, verdict):
        return None
    by = Decision(at, "training", alert.summary, dict(alert.evidence))
    if verdict == "roll-back":
        return go_back(state, None, by)
    if running.mode == RolloutMode.ROLLOUT_MODE_SHADOW:
        return begin(state, None, "canary", rule.share, by, rollout_id=running.rollout_id)
    return promote(state, by)
