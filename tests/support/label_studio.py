"""What Label Studio 1.23 sends and exports, cut down to what is read of it."""

from __future__ import annotations

import json
from typing import Any

SECRET = "a-secret-of-the-tests"
INSTRUCTION = "<h2>Guide</h2><p>Labelling guide, version 2, since 2026-11-25T10:00:00Z</p>"


def choice(name: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [name]}}


def grade(value: Any) -> dict[str, Any]:
    return {"from_name": "grade", "to_name": "text", "type": "number", "value": {"number": value}}


def span(start: int, end: int, text: str, label: str = "person") -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"from_name": "entities", "to_name": "text", "type": "labels", "value": value}


def annotation(number: int = 17, *result: dict[str, Any], minute: int = 0, **said: Any) -> dict[str, Any]:
    return {
        "id": number, "result": list(result) or [choice("negative")], "was_cancelled": False, "completed_by": 3,
        "created_at": "2026-11-25T11:00:00.087255Z", "updated_at": f"2026-11-25T11:{minute:02}:00.087289Z",
        "lead_time": 3.5, "task": 1, "project": 5, **said,
    }  # fmt: skip


def task(**data: Any) -> dict[str, Any]:
    return {"id": 1, "data": data or {"text": "Great", "document_id": "doc-1"}, "project": 5}


def event(action: str, given: Any = None, its_task: Any = None) -> dict[str, Any]:
    if action == "ANNOTATIONS_DELETED":
        told: dict[str, Any] = {"annotations": given if isinstance(given, list) else [{"id": given or 17}]}
    else:
        told = {
            "annotation": annotation() if given is None else given,
            "task": task() if its_task is None else its_task,
        }
    return {"action": action, "project": {"id": 5, "expert_instruction": INSTRUCTION}, **told}


def export(*annotations: dict[str, Any], **data: Any) -> str:
    return json.dumps([{**task(**data), "annotations": list(annotations)}])
