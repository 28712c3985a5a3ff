"""One annotation of one task, as Label Studio writes them in exports and webhooks alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from towpath.core.ids import document_id
from towpath.preparation.formats.label_studio.results import label_of
from towpath.preparation.formats.read import UnusableError
from towpath.v1 import Annotation, ClassLabel, Document

__all__ = [
    "GuideAt",
    "Naming",
    "Task",
    "annotation_id",
    "annotation_of",
    "both",
    "moment",
    "number_of",
    "task_of",
    "withdrawn",
]

# From when an annotation was last changed to the version of the guide it was made under.
GuideAt = Callable[[Timestamp], str]


@dataclass(frozen=True)
class Naming:
    """What is called how. `source` names the server, whose numbers of annotations and users are its own.

    `raters`: what a user is called here, by number or e-mail address. Others go by number: ls-SOURCE-user-7.
    """

    source: str
    raters: Mapping[str, str] = field(default_factory=dict)

    def annotation(self, number: int) -> str:
        return annotation_id(self.source, number)

    def rater(self, completed_by: Any) -> str:
        """Of a user's number, their e-mail address, or an object with both.

        Raises:
            UnusableError: nobody is named, or only by an address that `raters` does not know.
        """
        told = completed_by if isinstance(completed_by, dict) else {"id": completed_by}
        for key in ("id", "email"):
            if str(told.get(key)) in self.raters:
                return self.raters[str(told[key])]
        user = told.get("id")
        if isinstance(user, int) and not isinstance(user, bool):
            return f"ls-{self.source}-user-{user}"
        if isinstance(user, str) and user.isdecimal():
            return f"ls-{self.source}-user-{user}"
        if user:
            raise UnusableError(f"a rater named {str(user)[:80]!r} without the user's number: say what to call them")
        raise UnusableError("it does not say who made it")


@dataclass(frozen=True)
class Task:
    """A document as it lies in Label Studio. `derived`: the document, where the task names none."""

    document_id: str
    text: str
    derived: Document | None
    guide_version: str


def annotation_id(source: str, number: int) -> str:
    """The same for every export and every webhook, so that they never count twice."""
    return f"ls-{source}-{number}"


def task_of(given: Any, naming: Naming) -> Task:
    """Raises UnusableError: there is neither a document's id nor a text."""
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(data, dict):
        raise UnusableError("its task has no data")
    text, identity = data.get("text"), data.get("document_id")
    guide = data.get("guide_version")
    guide = guide if isinstance(guide, str) else ""
    if isinstance(identity, str) and identity:
        return Task(identity, text if isinstance(text, str) else "", None, guide)
    if not isinstance(text, str) or not text.strip():
        raise UnusableError("its task has neither document_id nor text in its data")
    made = Document(document_id=document_id(naming.source, text), text=text, source=naming.source)
    return Task(made.document_id, text, made, guide)


def both(
    task: Any, given: Mapping[str, Any], naming: Naming, *, project: Any, guide: GuideAt
) -> tuple[Task, Annotation]:
    """A task and what was said of it. Raises UnusableError with the reason why it cannot be used."""
    try:
        its = task_of(task, naming)
        return its, annotation_of(given, its, naming, project=project, guide=guide)
    except UnicodeEncodeError:
        raise UnusableError("it holds half a character (a lone surrogate), which is no Unicode") from None


def annotation_of(given: Mapping[str, Any], task: Task, naming: Naming, *, project: Any, guide: GuideAt) -> Annotation:
    """Raises UnusableError with the reason why it cannot be used."""
    label = label_of(given.get("result"), task.text)
    made = Annotation(
        annotation_id=naming.annotation(number_of(given)),
        document_id=task.document_id,
        rater_id=naming.rater(given.get("completed_by")),
        created_at=moment(given, "created_at"),
        updated_at=moment(given, "updated_at" if given.get("updated_at") else "created_at"),
        source=place(naming, project),
    )
    made.guide_version = guide(made.updated_at) or task.guide_version
    lead = given.get("lead_time")
    if isinstance(lead, int | float) and not isinstance(lead, bool) and 0 <= lead <= 1e9:
        made.lead_seconds = lead
    if isinstance(label, ClassLabel):
        made.class_label.CopyFrom(label)
    else:
        made.entities.CopyFrom(label)
    return made


def withdrawn(number: int, naming: Naming, at: Timestamp, *, project: Any) -> Annotation:
    """Label Studio does not say of which document it was."""
    return Annotation(
        annotation_id=naming.annotation(number),
        created_at=at,
        updated_at=at,
        deleted=True,
        source=place(naming, project),
    )


def place(naming: Naming, project: Any) -> str:
    """For example label-studio/3."""
    return f"{naming.source}/{project}" if isinstance(project, int) else naming.source


def number_of(given: Mapping[str, Any]) -> int:
    """Raises UnusableError."""
    number = given.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise UnusableError(f"its id is {number!r}")
    return number


def moment(given: Mapping[str, Any], name: str) -> Timestamp:
    """Raises UnusableError."""
    made, said = Timestamp(), given.get(name)
    try:
        made.FromJsonString(said if isinstance(said, str) else "")
    except ValueError:
        raise UnusableError(f"its {name} is {said!r}, no time") from None
    return made
