"""GET /v1/alerts shows what is the matter; POST acknowledges, resolves and silences. Answered once Kafka has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints

from towpath.core.errors import RetryableError
from towpath.core.service import problems
from towpath.monitoring.adapters.alert_topic import AlertTopic
from towpath.monitoring.alerts import AlertDesk
from towpath.monitoring.entrypoints.alert_models import (
    Alerts,
    NewSilence,
    ShownAlert,
    Silence,
    Which,
    Why,
    shown,
    silence,
)

__all__ = ["router"]

_Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    about = {
        400: "Not UTF-8",
        401: "No accepted API key",
        404: "No such alert or silence",
        409: "Not as things stand; the detail says what can be done",
        422: "Not understood",
        503: "Kafka is away, or what is on it is still being read",
    }
    return problems({each: about[each] for each in statuses})


_CHANGED = _problems(400, 401, 404, 409, 422, 503)


def router(desk: AlertDesk, topic: AlertTopic, caught_up: Callable[[], bool]) -> APIRouter:
    """The six routes. Before history has been read they answer 503."""

    def ready() -> None:
        if not caught_up():
            raise RetryableError("the alerts of before the start are still being read: ask again in a moment")

    api = APIRouter(prefix="/v1", tags=["alerts"], dependencies=[Depends(ready)])
    _add_alerts(api, desk, topic)
    _add_silences(api, desk, topic)
    return api


def _add_alerts(api: APIRouter, desk: AlertDesk, topic: AlertTopic) -> None:
    @api.get("/alerts", summary="What is the matter, and what was", responses=_problems(401, 422, 503))
    def alerts(which: Annotated[Which, Query()]) -> Alerts:
        return Alerts(
            alerts=[shown(each) for each in desk.standing(closed=which.all)],
            silences=[silence(each) for each in desk.silences()],
        )

    @api.get("/alerts/{alert_id}", summary="One alert", responses=_problems(401, 404, 422, 503))
    def alert(alert_id: _Id) -> ShownAlert:
        return shown(desk.one(alert_id))

    @api.post("/alerts/{alert_id}/acknowledge", summary="Somebody sees to it", responses=_CHANGED)
    def acknowledge(alert_id: _Id, why: Why | None = None) -> ShownAlert:
        said = why or Why()
        topic.answer(lambda: desk.acknowledge(alert_id, said.actor, said.reason))
        return shown(desk.one(alert_id))

    @api.post("/alerts/{alert_id}/resolve", summary="It is over", responses=_CHANGED)
    def resolve(alert_id: _Id, why: Why | None = None) -> ShownAlert:
        said = why or Why()
        topic.answer(lambda: desk.resolve(alert_id, said.actor, said.reason))
        return shown(desk.one(alert_id))


def _add_silences(api: APIRouter, desk: AlertDesk, topic: AlertTopic) -> None:
    @api.post("/silences", status_code=201, summary="Do not send a cause for a time", responses=_CHANGED)
    def begin(wanted: NewSilence) -> Silence:
        made = desk.silence(wanted.cause, wanted.end(datetime.now(UTC)), wanted.actor, wanted.reason)
        topic.write([made])
        return silence(made)

    @api.delete("/silences/{silence_id}", status_code=204, summary="Send again", responses=_CHANGED)
    def end(silence_id: _Id, why: Annotated[Why, Query()]) -> None:
        topic.answer(lambda: desk.unsilence(silence_id, why.actor, why.reason))
