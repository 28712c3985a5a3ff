"""GET /v1/releases shows what reigns and what is tried, POST /v1/rollouts… changes it."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from google.protobuf.json_format import MessageToDict
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from towpath.core.service import problems
from towpath.training.domain.rollouts import Change
from towpath.training.rollouts import RolloutControl
from towpath.v1 import ModelRelease, Rollout

__all__ = ["router"]

_Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Words = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", allow_inf_nan=False)


class Why(_Part):
    """Who wants it, and why: written down with the rollout."""

    reason: _Words = Field("asked for", examples=["complaints are missed"])
    actor: _Words = Field("a person", examples=["ada"])


class NewRollout(Why):
    """A release to try, or another mode for the one that is tried."""

    mode: Literal["shadow", "canary"]
    release_id: _Id | None = Field(None, description="absent: the one that is tried already")
    share: float | None = Field(None, gt=0, lt=1, description="of the documents; absent: the objective's")


class Back(Why):
    """What to go back to."""

    release_id: _Id | None = Field(None, description="absent: the champion; where nothing is tried, the one before")


class Releases(_Part):
    """What reigns, reigned before and is tried (towpath.v1 messages in canonical JSON), and all that are known."""

    model_name: str
    reigning: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None
    rollout: dict[str, Any] | None = Field(None, description="the one that runs")
    last_rollout: dict[str, Any] | None = Field(None, description="the last one, where none runs")
    releases: list[dict[str, Any]] = Field([], description="newest first")


class Decided(_Part):
    """What was written."""

    told: str = Field(description="what is so now, in words")
    release: dict[str, Any] | None = Field(None, description="towpath.v1.ModelRelease that reigns from now on")
    rollout: dict[str, Any] | None = Field(None, description="towpath.v1.Rollout as it is from now on")


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    about = {
        400: "Not UTF-8",
        401: "No accepted API key",
        404: "No such release",
        409: "Not as things stand; the detail says what can be done",
        422: "Not understood",
        503: "Kafka is away",
    }
    return problems({each: about[each] for each in statuses})


def router(control: RolloutControl) -> APIRouter:
    """The four routes."""
    api = APIRouter(prefix="/v1", tags=["releases"])

    @api.get("/releases", response_model=Releases, summary="What reigns, what is tried", responses=_problems(401, 503))
    def releases() -> Releases:
        name, state = control.state()
        reigning, running = state.reigning, state.running
        previous = reigning.previous if reigning is not None and reigning.HasField("previous") else None
        return Releases(
            model_name=name,
            reigning=_json(reigning),
            previous=_json(previous),
            rollout=_json(running),
            last_rollout=None if running is not None else _json(state.last),
            releases=[_shown(each) for each in reversed(list(state.known.values()))],
        )

    @api.post(
        "/rollouts", response_model=Decided, summary="Try a release", responses=_problems(400, 401, 404, 409, 422, 503)
    )
    def begin(wanted: NewRollout) -> Decided:
        return _decided(control.begin(wanted.release_id, wanted.mode, wanted.share, wanted.reason, wanted.actor))

    @api.post(
        "/rollouts/promote",
        response_model=Decided,
        summary="The release that is tried reigns",
        responses=_problems(400, 401, 409, 422, 503),
    )
    def promote(wanted: Why | None = None) -> Decided:
        wanted = wanted or Why()
        return _decided(control.promote(wanted.reason, wanted.actor))

    @api.post(
        "/rollouts/rollback",
        response_model=Decided,
        summary="End the rollout, or let an earlier release reign",
        responses=_problems(400, 401, 404, 409, 422, 503),
    )
    def go_back(wanted: Back | None = None) -> Decided:
        wanted = wanted or Back()
        return _decided(control.go_back(wanted.release_id, wanted.reason, wanted.actor))

    return api


def _decided(change: Change) -> Decided:
    rollout = change.rollouts[-1] if change.rollouts else None
    return Decided(told=change.told, release=_json(change.release), rollout=_json(rollout))


def _json(message: ModelRelease | Rollout | None) -> dict[str, Any] | None:
    return None if message is None else _shown(message)


def _shown(message: ModelRelease | Rollout) -> dict[str, Any]:
    """Without the rows that monitoring goes by: a thousand a release, which nobody reads."""
    shown = deepcopy(message)
    release = shown.challenger if isinstance(shown, Rollout) else shown
    release.ClearField("reference")
    if release.HasField("previous"):
        release.previous.ClearField("reference")
    return MessageToDict(shown)
