"""GET /v1/retraining: what training decided by itself, and what it waits for."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from towpath.core.service import problems
from towpath.training.domain.retraining import Facts
from towpath.training.domain.retraining.policy import worth
from towpath.training.retraining import Retraining, View
from towpath.v1 import AlertSeverity

__all__ = ["router"]

_SHOWN = 50


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class OpenAlert(_Part):
    """An alert that is not over, and of a cause that the policy names or not."""

    alert_id: str
    cause: str
    extra_cost_per_thousand: float
    worth: float = Field(description="the same over the documents that the policy expects")
    told: bool = Field(description="what it led to has been told")


class Waiting(_Part):
    """Causes that would start a run."""

    causes: list[str]
    why: str
    until: datetime | None = None


class Asked(_Part):
    """What a person is asked for."""

    cause: str
    severity: str
    summary: str


class Decision(_Part):
    """What was decided, and what came of it."""

    at: datetime
    causes: list[str]
    alert_ids: list[str] = []
    told: str
    run_id: str = ""
    outcome: str = Field("", description="of that run: running, released, taken back, refused, failed or given up")


class Retrained(_Part):
    """`auto`: whether it decides by itself at all (TOWPATH_TRAINING_AUTO)."""

    auto: bool
    objective: str
    looked_at: datetime | None = Field(None, description="when the policy was asked last; null: not yet")
    new_annotated_documents: int
    alerts: list[OpenAlert]
    waiting: Waiting | None
    asked: list[Asked]
    decisions: list[Decision] = Field(description="newest first")


def router(retraining: Retraining, auto: bool) -> APIRouter:
    """The one route."""
    api = APIRouter(prefix="/v1", tags=["training"])

    @api.get(
        "/retraining",
        response_model=Retrained,
        summary="What training decided by itself, and what it waits for",
        responses=problems({401: "No accepted API key"}),
    )
    def retrained() -> Retrained:
        view, objective = retraining.view, retraining.objective()
        policy, wait = objective.contract.retraining, view.plan.wait
        return Retrained(
            auto=auto,
            objective=objective.name,
            looked_at=_time(view.at) if view.at else None,
            new_annotated_documents=view.facts.new_documents,
            alerts=[
                OpenAlert(
                    alert_id=each.alert_id,
                    cause=each.cause,
                    extra_cost_per_thousand=each.harm,
                    worth=worth(policy, each),
                    told=each.decided,
                )
                for each in view.facts.troubles
            ],
            waiting=None if wait is None else Waiting(causes=list(wait.causes), why=wait.why, until=_time(wait.until)),
            asked=[
                Asked(
                    cause=each.cause,
                    severity=AlertSeverity.Name(each.severity).removeprefix("ALERT_SEVERITY_").lower(),
                    summary=each.summary,
                )
                for each in view.asked
            ],
            decisions=_decisions(view),
        )

    return api


def _decisions(view: View) -> list[Decision]:
    """Runs by itself with what came of them, and whatever else was told of alerts."""
    made = _runs(view.facts)
    started = {(run.run_id, alert_id) for run in view.facts.runs for alert_id in run.alert_ids}
    for each in view.decisions:
        if (each.run_id, each.alert_id) not in started:
            at = datetime.fromtimestamp(each.at, UTC)
            made.append(
                Decision(at=at, causes=[each.cause], alert_ids=[each.alert_id], told=each.told, run_id=each.run_id)
            )
    return sorted(made, key=lambda decision: decision.at, reverse=True)[:_SHOWN]


def _runs(facts: Facts) -> list[Decision]:
    made = []
    for run in facts.runs:
        if not run.by_itself:
            continue
        outcome = "running" if not run.ended else "given up" if run.given_up else "failed"
        if run.status == "succeeded":
            outcome = "released" if run.released else "refused" if run.lost_at is None else "taken back"
        at, told = datetime.fromtimestamp(run.began_at, UTC), f"run {run.run_id} started"
        made.append(
            Decision(
                at=at,
                causes=list(run.causes),
                alert_ids=list(run.alert_ids),
                told=told,
                run_id=run.run_id,
                outcome=outcome,
            )
        )
    return made


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
