"""Webhook events. Label Studio posts each once and never again: what is lost here, `towpath labels reconcile` finds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.preparation.formats.label_studio.annotation import (
    GuideAt,
    Naming,
    both,
    moment,
    number_of,
    withdrawn,
)
from towpath.preparation.formats.label_studio.project import guide_version, mark_of
from towpath.preparation.formats.label_studio.results import EMPTY
from towpath.preparation.formats.read import Read, Refused, UnreadableError, UnusableError
from towpath.v1 import Annotation

__all__ = ["ACTIONS", "read_event"]

ACTIONS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")


def read_event(event: Any, naming: Naming, *, received: datetime) -> Read:
    """What an event says. Events that are not about annotations say nothing.

    A skipped or emptied annotation is withdrawn when it was there before. `received` is when a deletion happened, as
    Label Studio does not say that.

    Raises:
        UnreadableError: it is no event.
    """
    if not isinstance(event, dict) or not isinstance(event.get("action"), str):
        raise UnreadableError("no event of Label Studio: an object with an action is wanted")
    action, project = event["action"], event.get("project")
    number = project.get("id") if isinstance(project, dict) else None
    read = Read()
    if action not in ACTIONS:
        return read
    if action == "ANNOTATIONS_DELETED":
        at = Timestamp()
        at.FromDatetime(received)
        for each in _listed(event, "annotations", action):
            _try(read, each, lambda each=each: withdrawn(number_of(each), naming, at, project=number))
        return read
    annotations, tasks = _listed(event, "annotation", action), _listed(event, "task", action)
    if len(annotations) != len(tasks):
        raise UnreadableError(f"{action} with {len(annotations)} annotations of {len(tasks)} tasks")
    mark = mark_of(project.get("expert_instruction") if isinstance(project, dict) else None)
    for given, its_task in zip(annotations, tasks, strict=True):
        _take(
            read, given, its_task, naming, number, lambda at: guide_version(mark, at), known=action.endswith("UPDATED")
        )
    return read


def _take(
    read: Read, given: Mapping[str, Any], its_task: Any, naming: Naming, project: Any, guide: GuideAt, *, known: bool
) -> None:
    try:
        if given.get("was_cancelled") or given.get("result") == []:
            reason = "its rater skipped the task" if given.get("was_cancelled") else EMPTY
            if known:
                at = moment(given, "updated_at")
                read.annotations.append(withdrawn(number_of(given), naming, at, project=project))
            read.refused.append(Refused(_where(given), reason, expected=True))
            return
        task, made = both(its_task, given, naming, project=project, guide=guide)
    except UnusableError as error:
        read.refused.append(Refused(_where(given), str(error)))
    else:
        read.annotations.append(made)
        read.documents += [task.derived] if task.derived is not None else []


def _try(read: Read, given: Mapping[str, Any], make: Any) -> None:
    try:
        made: Annotation = make()
    except UnusableError as error:
        read.refused.append(Refused(_where(given), str(error)))
    else:
        read.annotations.append(made)


def _listed(event: Mapping[str, Any], key: str, action: str) -> list[Mapping[str, Any]]:
    given = event.get(key)
    if given is None:
        raise UnreadableError(f"{action} without {key}: let the webhook send its payload (send_payload)")
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) for each in listed):
        raise UnreadableError(f"{action}: {key} is neither an object nor a list of objects")
    return listed


def _where(given: Mapping[str, Any]) -> str:
    return f"annotation {given.get('id')!s:.40}"
