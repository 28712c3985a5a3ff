"""What the objective demands of what comes in: its classes, its grades, its limits, and no personal data.

Only what is wrong for good is refused. A class under an older name (`labels.renamed`) is kept as it was said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import Message as ProtoMessage

from towpath.core.errors import RejectedError, TooLargeError
from towpath.core.objective import Objective
from towpath.core.objective.parts import PersonalData
from towpath.core.objective.tasks import EntityExtraction, TextClassification
from towpath.preparation.quality.personal import find, mask
from towpath.v1 import Annotation, ClassLabel, Document, EntitySpans, Feedback

__all__ = ["Rules"]

_SHOWN = 20


@dataclass(frozen=True)
class Rules:
    """Of one objective. `obey` is pure but for the message, which it may mask."""

    objective: Objective

    def obey(self, message: ProtoMessage) -> Mapping[str, int]:
        """Personal data found in the message by kind; masked in place where the objective says so.

        Raises:
            RejectedError: a label that is no class, a grade out of range, a text that is too short.
            TooLargeError: a text that is too long.
        """
        if isinstance(message, Document):
            return self._document(message)
        if isinstance(message, Annotation | Feedback):
            self._label(message)
        return {}

    def _document(self, document: Document) -> Mapping[str, int]:
        limits, length = self.objective.contract.data_quality, len(document.text)
        if length < limits.min_document_chars:
            least = limits.min_document_chars
            raise RejectedError(f"{length} characters, the objective wants at least {least}", where="text")
        if length > limits.max_document_chars:
            most = limits.max_document_chars
            raise TooLargeError(f"{length} characters, the objective takes at most {most}", where="text")
        found: Counter[str] = Counter()
        document.text = _cleaned(document.text, limits.personal_data, found)
        for name, value in document.attributes.items():
            document.attributes[name] = _cleaned(value, limits.personal_data, found)
        return found

    def _label(self, said: Annotation | Feedback) -> None:
        task, case = self.objective.contract.task, "label" if isinstance(said, Annotation) else "truth"
        kind = said.WhichOneof(case)
        if isinstance(said, Annotation) and said.deleted and kind is None:
            return
        if isinstance(task, TextClassification):
            if kind != "class_label":
                raise RejectedError(f"the objective wants a class: {_names(task.classes)}", where="classLabel")
            self._class(said.class_label, task)
        if isinstance(task, EntityExtraction):
            if kind != "entities":
                raise RejectedError(f"the objective wants entities: {_names(task.entities)}", where="entities")
            self._entities(said.entities, task)

    def _class(self, given: ClassLabel, task: TextClassification) -> None:
        renamed = self.objective.contract.labels.renamed
        if given.label and renamed.get(given.label, given.label) not in task.classes:
            raise RejectedError(_no_class(given.label, task.classes), where="classLabel.label")
        if not given.HasField("score"):
            return
        if task.grades is None:
            if not given.label:
                raise RejectedError(
                    f"the objective has no grades: give a label, one of {_names(task.classes)}",
                    where="classLabel.score",
                )
        elif not task.grades.min <= given.score <= task.grades.max:
            raise RejectedError(
                f"{given.score:g} is no grade of the objective: from {task.grades.min:g} to {task.grades.max:g}",
                where="classLabel.score",
            )

    def _entities(self, given: EntitySpans, task: EntityExtraction) -> None:
        renamed = self.objective.contract.labels.renamed
        for number, span in enumerate(given.spans):
            if renamed.get(span.label, span.label) not in task.entities:
                raise RejectedError(_no_class(span.label, task.entities), where=f"entities.spans.{number}.label")


def _no_class(label: str, classes: tuple[str, ...]) -> str:
    return f"{label!r} is no class of the objective: {_names(classes)}"


def _names(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:_SHOWN]) + (f" and {len(classes) - _SHOWN} more" if len(classes) > _SHOWN else "")


def _cleaned(text: str, policy: PersonalData, found: Counter[str]) -> str:
    if policy.action == "mask":
        masked = mask(text, policy)
        found.update(masked.counts)
        return masked.text
    found.update(span.kind for span in find(text, policy))
    return text
