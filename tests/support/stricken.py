"""A service that dies of SIGKILL at a point of the closed loop: `python -m support.stricken SERVICE [POINT]`.

The code that runs is the service's own; only the signal is added, the first time that POINT is reached. After a failed
run the next one is tried soon, where a minute is the rule.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from towpath.core.service import start
from towpath.v1 import Alert, AlertState, Rollout, RolloutOutcome

__all__ = ["MONITORING", "TRAINING"]


@dataclass(frozen=True)
class Point:
    """Before or after a method, given as module:Class.method, when its arguments are as `when` says."""

    side: Literal["before", "after"]
    method: str
    when: Callable[..., bool] = lambda *_, **__: True


def _is_answer(_: Any, alert: Alert, __: float) -> bool:
    return alert.actor == "training" and alert.state == AlertState.ALERT_STATE_ACKNOWLEDGED


def _is_end(_: Any, message: Any, **__: Any) -> bool:
    return isinstance(message, Rollout) and message.outcome == RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED


def _has_verdict(_: Any, alerts: list[Alert]) -> bool:
    return any(each.monitor == "rollout" and each.state == AlertState.ALERT_STATE_FIRING for each in alerts)


TRAINING = {
    "before the run is written down": Point("before", "towpath.training.handlers:Trainer.start"),
    "after the run is written down": Point("after", "towpath.training.handlers:Trainer.start"),
    "after the alert is answered": Point("before", "towpath.training.domain.retraining.alerts:Alerts.take", _is_answer),
    "in the middle of the run": Point(
        "after", "towpath.training.handlers:_Recorder.note", lambda _, event: event["step"] == "train"
    ),
    "before the release is written": Point("before", "towpath.training.rollouts:RolloutControl.released"),
    "after the release is written": Point("after", "towpath.training.adapters.releases:Releases.write"),
    "between the promotion and the rollout's end": Point("before", "towpath.core.stream.codec:Codec.encode", _is_end),
}
"""In the order in which a loop comes to them."""

MONITORING = {
    "before the verdict is told": Point(
        "before", "towpath.monitoring.adapters.alert_topic:AlertTopic.write", _has_verdict
    ),
    "after the verdict is told": Point(
        "after", "towpath.monitoring.adapters.alert_topic:AlertTopic.write", _has_verdict
    ),
}


def arm(point: Point) -> None:
    """Replace the method by one that is the same and, when it is as said, ends this process."""
    module, _, place = point.method.partition(":")
    kind, name = place.split(".")
    owner = getattr(import_module(module), kind)
    real: Callable[..., Any] = getattr(owner, name)

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        hit = point.when(self, *arguments, **named)
        if hit and point.side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(self, *arguments, **named)
        if hit:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, method)


def main(service: str, *points: str) -> int:
    if service == "training":
        import_module("towpath.training.domain.retraining.policy").RETRY_S = 0.5  # type: ignore[attr-defined]
    for each in points:
        arm((TRAINING | MONITORING)[each])
    settings: Any = getattr(import_module(f"towpath.{service}.settings"), f"{service.capitalize()}Settings")
    return start(service, settings, import_module(f"towpath.{service}.bootstrap").build)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
