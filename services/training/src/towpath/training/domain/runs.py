"""What is known of a run. Values only; the store writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from google.protobuf import json_format
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from towpath.v1 import GateOutcome, ModelRelease

__all__ = ["Run", "Step", "with_step"]

Status = Literal["queued", "running", "succeeded", "failed"]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Step(_Part):
    """A step of a run; `detail` is for people."""

    step: str = Field(examples=["train"])
    status: Literal["running", "succeeded", "failed"]
    seconds: float = 0.0
    detail: str = ""


class Run(_Part):
    """A training run. `outcome` is the gate's, there once the run has succeeded."""

    run_id: str = Field(examples=["run-0199d3a1"])
    status: Status = "queued"
    reason: str = Field("", description="why it was started")
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    outcome: Literal["pass", "fail", "no baseline", "not enough data"] | None = None
    explanation: str = Field("", description="the gate's decision in words")
    metrics: dict[str, float] = {}
    comparisons: list[dict[str, Any]] = []
    snapshot_id: str = Field("", description="what it was trained on, or is to be")
    encoder: str = Field("", description="id of the imported encoder that was asked for; the setting's where empty")
    report: str = ""
    release: dict[str, Any] | None = Field(None, description="towpath.v1.ModelRelease in canonical JSON")
    error: str = ""
    causes: tuple[str, ...] = Field((), description="what made it start by itself: causes of alerts, labels, schedule")
    alert_ids: tuple[str, ...] = Field((), description="of those alerts")
    trace_id: str = Field("", description="W3C trace id, the alert's where one led to it")
    given_up: bool = Field(False, description="it took longer than the objective's maxRunTime")

    def changed(self, **changes: Any) -> Run:
        return self.model_copy(update=changes)

    def left(self, released: ModelRelease | None) -> Run:
        """As it is when its process ended before it did: failed, unless its release was out by then."""
        if released is None:
            return self.failed("interrupted: the training service ended before the run did; start another")
        told = json_format.MessageToDict(released)
        return self.changed(
            status="succeeded",
            finished_at=datetime.now(UTC),
            outcome="no baseline" if released.gate_outcome == GateOutcome.GATE_OUTCOME_NO_BASELINE else "pass",
            explanation=released.gate_explanation,
            metrics=dict(released.metrics),
            snapshot_id=released.snapshot_id,
            release={name: value for name, value in told.items() if name not in ("reference", "previous")},
        )

    def failed(self, error: str) -> Run:
        return self.changed(status="failed", error=error, finished_at=datetime.now(UTC))


def with_step(run: Run, step: Step) -> Run:
    """`run` with `step` in the place of the step's last state."""
    others = [each for each in run.steps if each.step != step.step]
    return run.changed(steps=(*others, step))
