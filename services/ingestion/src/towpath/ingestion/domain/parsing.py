"""From a line of JSON to a message, or to the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message as ProtoMessage
from pydantic import BaseModel, ValidationError

from towpath.core.errors import RejectedError, TooLargeError
from towpath.core.ids import annotation_id, document_id, feedback_id
from towpath.ingestion.domain.inputs import AnnotationIn, ClassLabelIn, DocumentIn, FeedbackIn
from towpath.v1 import Annotation, ClassLabel, Document, EntitySpan, EntitySpans, Feedback

__all__ = ["ANNOTATIONS", "DOCUMENTS", "FEEDBACK", "KINDS", "Kind", "Parsed", "parse"]

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - Input


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message, its id and its key on the topic."""

    message: ProtoMessage
    id: str
    key: str


@dataclass(frozen=True)
class Kind(Generic[I]):
    """One of the things that come in. `topic` is its name in the registry and in the path."""

    topic: str
    input: type[I]
    build: Callable[[I, datetime], Parsed]


def parse(raw: bytes, kind: Kind[Any], *, max_document_chars: int, now: datetime | None = None) -> Parsed:
    """Check one JSON object.

    Raises:
        RejectedError: it is not what `kind` wants; `where` names the field.
        TooLargeError: its text is too long.
    """
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RejectedError(f"not UTF-8: byte {error.start} is 0x{raw[error.start]:02x}") from None
    try:
        given = kind.input.model_validate_json(raw)
    except ValidationError as error:
        raise _rejected(error) from None
    if isinstance(given, DocumentIn) and len(given.text) > max_document_chars:
        raise TooLargeError(f"{len(given.text)} characters, at most {max_document_chars} are taken", where="text")
    return kind.build(given, now or datetime.now(UTC))


def _rejected(error: ValidationError) -> RejectedError:
    first, more = error.errors(include_url=False, include_input=False)[0], error.error_count() - 1
    where = ".".join(map(str, first["loc"])) or None
    message = first["msg"].removeprefix("Value error, ")
    return RejectedError(message + (f" (and {more} more)" if more else ""), where=where)


def _document(given: DocumentIn, now: datetime) -> Parsed:
    message = Document(
        document_id=given.document_id or document_id(given.source, given.text),
        text=given.text,
        source=given.source,
        language=given.language,
        attributes=given.attributes,
    )
    message.created_at.FromDatetime(given.created_at or now)
    return Parsed(message, message.document_id, message.document_id)


def _annotation(given: AnnotationIn, now: datetime) -> Parsed:
    message = Annotation(
        document_id=given.document_id or "",
        rater_id=given.rater_id,
        guide_version=given.guide_version,
        deleted=given.deleted,
        lead_seconds=given.lead_seconds,
        source=given.source,
    )
    label: ClassLabel | EntitySpans = ClassLabel()
    if given.class_label is not None:
        label = _label(given.class_label)
        message.class_label.CopyFrom(label)
    elif given.entities is not None:
        label = EntitySpans(spans=[EntitySpan(**each.model_dump()) for each in given.entities.spans])
        message.entities.CopyFrom(label)
    message.annotation_id = given.annotation_id or annotation_id(message.document_id, given.rater_id, label)
    message.created_at.FromDatetime(given.created_at or given.updated_at or now)
    if given.updated_at is not None:
        message.updated_at.FromDatetime(given.updated_at)
    # Who takes an annotation back may not know of which document it was.
    return Parsed(message, message.annotation_id, message.document_id or message.annotation_id)


def _feedback(given: FeedbackIn, now: datetime) -> Parsed:
    truth = _label(given.class_label)
    message = Feedback(
        feedback_id=given.feedback_id or feedback_id(given.document_id, given.source, truth),
        document_id=given.document_id,
        prediction_id=given.prediction_id or "",
        source=given.source,
        class_label=truth,
    )
    message.created_at.FromDatetime(given.created_at or now)
    return Parsed(message, message.feedback_id, message.document_id)


def _label(given: ClassLabelIn) -> ClassLabel:
    return ClassLabel(label=given.label or "", score=given.score)


DOCUMENTS = Kind("documents", DocumentIn, _document)
ANNOTATIONS = Kind("annotations", AnnotationIn, _annotation)
FEEDBACK = Kind("feedback", FeedbackIn, _feedback)
KINDS: tuple[Kind[Any], ...] = (DOCUMENTS, ANNOTATIONS, FEEDBACK)
