"""What is made in Label Studio: the labelling interface, tasks with pre-labels, the mark of the guide's version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.core.objective import Objective
from towpath.core.objective.tasks import EntityExtraction, Grades, TextClassification
from towpath.preparation.formats.read import UnusableError
from towpath.v1 import Document, Prediction

__all__ = ["GuideMark", "guide_mark", "guide_version", "label_config", "mark_of", "task"]

_MARK = re.compile(r"Labelling guide, version ([^\s<,]{1,200}), since (\d{4}-\d\d-\d\dT[\d:.]+Z)")

_TEXT = '<Text name="text" value="$text"/>'


@dataclass(frozen=True)
class GuideMark:
    """Which version of the guide a project shows, and since when."""

    version: str
    since: str


def guide_mark(version: str, since: datetime) -> str:
    """The words at the end of a project's instruction that `mark_of` finds again, in exports and webhooks alike.

    Raises:
        UnusableError: a version with spaces, commas or angle brackets.
    """
    words = f"Labelling guide, version {version}, since {since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    if _MARK.fullmatch(words) is None:
        raise UnusableError(f"a guide's version {version!r}: no spaces, commas or angle brackets")
    return words


def mark_of(instruction: Any) -> GuideMark | None:
    """Of a project's `expert_instruction`; the last one where there are several."""
    found = _MARK.findall(instruction) if isinstance(instruction, str) else []
    try:
        Timestamp().FromJsonString(found[-1][1] if found else "")
    except ValueError:
        return None
    return GuideMark(*found[-1])


def guide_version(mark: GuideMark | None, at: Timestamp) -> str:
    """Of an annotation that was last changed at `at`; empty when it may have been made under an earlier one."""
    if mark is None:
        return ""
    since = Timestamp()
    since.FromJsonString(mark.since)
    return mark.version if (at.seconds, at.nanos) >= (since.seconds, since.nanos) else ""


def label_config(objective: Objective) -> str:
    """Label Studio's labelling interface: spans, a grade where the objective has grades, else one of its classes.

    Raises:
        UnusableError: the objective's kind of task is none of these.
    """
    task = objective.contract.task
    if isinstance(task, EntityExtraction):
        names = "".join(f"<Label value={quoteattr(name)}/>" for name in task.entities)
        return f'<View><Labels name="entities" toName="text">{names}</Labels>{_TEXT}</View>'
    if not isinstance(task, TextClassification):
        raise UnusableError(f"{task.kind} is labelled with tools of your own: towpath has no interface for it")
    grades = task.grades
    if grades is None:
        choices = "".join(f"<Choice value={quoteattr(name)}/>" for name in task.classes)
        asked = f'<Choices name="label" toName="text" choice="single" required="true">{choices}</Choices>'
        return f"<View>{_TEXT}{asked}</View>"
    step = "1" if grades.min.is_integer() and grades.max.is_integer() else "any"
    asked = f"<Header value={quoteattr(f'Grade from {grades.min:g} to {grades.max:g}')}/>"
    asked += f'<Number name="grade" toName="text" min="{grades.min:g}" max="{grades.max:g}" step="{step}" '
    return f'<View>{_TEXT}{asked}required="true"/></View>'


def task(document: Document, objective: Objective, prediction: Prediction | None = None) -> dict[str, Any]:
    """A task to be imported, with what the reigning model says of it, where that can be shown."""
    made: dict[str, Any] = {"data": {"text": document.text, "document_id": document.document_id}}
    if document.source:
        made["data"]["source"] = document.source
    shown = None if prediction is None else _shown(prediction, objective)
    if prediction is not None and shown is not None:
        made["predictions"] = [{"model_version": prediction.release_id, **shown}]
    return made


def _shown(prediction: Prediction, objective: Objective) -> dict[str, Any] | None:
    task = objective.contract.task
    if isinstance(task, EntityExtraction):
        return _spans(prediction) if prediction.WhichOneof("output") == "entities" else None
    decision = prediction.class_decision
    if not isinstance(task, TextClassification) or decision.label not in task.classes:
        return None
    sure = {each.label: each.probability for each in decision.probabilities}.get(decision.label, 0.0)
    if task.grades is None:
        part = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [decision.label]}}
        return {"score": sure, "result": [part]}
    grade = _grade(decision.label, task.grades)
    if grade is None:
        return None
    part = {"from_name": "grade", "to_name": "text", "type": "number", "value": {"number": grade}}
    return {"score": sure, "result": [part]}


def _spans(prediction: Prediction) -> dict[str, Any]:
    spans = prediction.entities.spans
    parts = [
        {
            "from_name": "entities",
            "to_name": "text",
            "type": "labels",
            "value": {"start": each.start, "end": each.end, "labels": [each.label]},
        }
        for each in spans
    ]
    return {"score": min((each.probability for each in spans), default=0.0), "result": parts}


def _grade(label: str, grades: Grades) -> int | None:
    """The whole grade in the middle of those that mean the class; None where there is none."""
    whole = range(int(grades.min), int(grades.max) + 1)
    meant = [each for each in whole if grades.min <= each <= grades.max and grades.class_of(each) == label]
    return meant[len(meant) // 2] if meant else None
