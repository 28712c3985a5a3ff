"""Exports as JSON (all that Label Studio knows) and JSON_MIN (a flat row for each annotation)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.preparation.formats.label_studio.annotation import GuideAt, Naming, both
from towpath.preparation.formats.label_studio.results import EMPTY
from towpath.preparation.formats.read import Read, Refused, UnreadableError, UnusableError

__all__ = ["read_export"]

_KINDS = {"number": "number", "rating": "rating", "labels": "labels"}


def _unknown(_: Timestamp) -> str:
    return ""


def read_export(text: str, naming: Naming, *, choice: str = "label", guide: GuideAt = _unknown) -> Read:
    """Each annotation of an export, in its order; skipped and empty ones are refused.

    Args:
        choice: the column of JSON_MIN that has the chosen class; nothing in the file tells it from the task's data.

    Raises:
        UnreadableError: it is no export, or half of one; the line is told.
    """
    try:
        tasks = json.loads(text)
    except json.JSONDecodeError as error:
        half = "; the file ends too early" if error.pos >= len(text.rstrip()) - 1 else ""
        raise UnreadableError(
            f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}{half}; export it again"
        ) from None
    except RecursionError:
        raise UnreadableError("line 1: nested too deeply to be an export") from None
    if not isinstance(tasks, list):
        raise UnreadableError("line 1: an export is a list of tasks; export as JSON or JSON-MIN")
    read, seen = Read(), set[str]()
    for place, each in enumerate(tasks, start=1):
        if not isinstance(each, dict):
            read.refused.append(Refused(f"task {place} of the file", "no object"))
        elif "annotation_id" in each:
            flat = _row(each, choice)
            _take(read, flat["task"], flat, naming, guide, seen)
        else:
            _task(read, each, naming, guide, seen, place)
    return read


def _task(read: Read, task: Mapping[str, Any], naming: Naming, guide: GuideAt, seen: set[str], place: int) -> None:
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list):
        read.refused.append(Refused(f"task {task.get('id', place)!s:.40}", "it has no list of annotations"))
        return
    for each in annotations:
        if isinstance(each, dict):
            _take(read, task, each, naming, guide, seen)
        else:
            # An export of ids only has numbers here.
            read.refused.append(Refused(f"annotation {each!s:.40}", "only its number is in the file"))


def _take(
    read: Read, task: Mapping[str, Any], given: Mapping[str, Any], naming: Naming, guide: GuideAt, seen: set[str]
) -> None:
    where = f"annotation {given.get('id')!s:.40}"
    if given.get("was_cancelled") or given.get("result") == []:
        reason = "its rater skipped the task" if given.get("was_cancelled") else EMPTY
        read.refused.append(Refused(where, reason, expected=True))
        return
    try:
        its, made = both(task, given, naming, project=given.get("project", task.get("project")), guide=guide)
    except UnusableError as error:
        read.refused.append(Refused(where, str(error), annotation_id=naming.annotation(given.get("id", 0))))
        return
    read.annotations.append(made)
    if its.derived is not None and its.document_id not in seen:
        seen.add(its.document_id)
        read.documents.append(its.derived)


def _row(row: Mapping[str, Any], choice: str) -> dict[str, Any]:
    """A row of JSON_MIN in the shape of JSON."""
    result: list[dict[str, Any]] = []
    for name, value in row.items():
        result += [{"type": kind, "value": part} for kind, part in _parts(value)]
        chosen = value if name == choice else None
        if isinstance(chosen, str) and chosen:
            result.append({"type": "choices", "value": {"choices": [chosen]}})
    taken = {"annotation_id", "annotator", "created_at", "updated_at", "lead_time", "id"}
    return {
        "id": row["annotation_id"],
        "completed_by": row.get("annotator"),
        **{name: row.get(name) for name in ("created_at", "updated_at", "lead_time")},
        "result": result,
        "task": {"id": row.get("id"), "data": {name: value for name, value in row.items() if name not in taken}},
    }


def _parts(value: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """What can be nothing but a result: [{"number": 3}], [{"start": …, "labels": …}], {"choices": […]}."""
    of: Callable[[Any], str | None] = lambda each: next((k for k in _KINDS if k in each), None)  # noqa: E731
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        return [("choices", value)]
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return [(kind, each) for each in value if (kind := of(each)) is not None]
    return []
