"""From a model's answer to the message that says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from towpath.core.errors import DeadLetterError
from towpath.core.ids import prediction_id
from towpath.model import Prediction as Answer
from towpath.v1 import ClassDecision, ClassProbability, Decision, Document, Prediction

__all__ = ["Released", "Timing", "UnusableDocumentError", "check", "prediction"]


class UnusableDocumentError(DeadLetterError):
    """A document that was decoded, but that no prediction can be made for."""


@dataclass(frozen=True)
class Released:
    """What a prediction says of its model."""

    model_name: str
    release_id: str
    objective_hash: str


@dataclass(frozen=True)
class Timing:
    """Of one batch: when inference began, how long it took (seconds), and how many documents it had."""

    begun: datetime
    seconds: float
    documents: int


def check(document: Document, max_chars: int) -> None:
    """Raises UnusableDocumentError with the reason."""
    if not document.document_id:
        raise UnusableDocumentError("documentId: is missing")
    if not document.text.strip():
        raise UnusableDocumentError("text: is blank")
    if len(document.text) > max_chars:
        raise UnusableDocumentError(f"text: {len(document.text)} characters, at most {max_chars} are predicted")


def prediction(
    document: Document, answer: Answer, release: Released, timing: Timing, *, trace_id: str, now: datetime
) -> Prediction:
    """The message. Its id follows from document and release, so predicting again says the same."""
    decision = ClassDecision(
        probabilities=[ClassProbability(label=name, probability=p) for name, p in answer.probabilities.items()],
        decision=Decision.DECISION_ASK_PERSON if answer.decision == "ask-person" else Decision.DECISION_CLASS,
        label=answer.label,
        expected_cost=answer.expected_cost,
    )
    message = Prediction(
        prediction_id=prediction_id(document.document_id, release.release_id),
        document_id=document.document_id,
        model_name=release.model_name,
        release_id=release.release_id,
        objective_hash=release.objective_hash,
        document_created_at=document.created_at,
        trace_id=trace_id,
        truncated=answer.truncated,
        class_decision=decision,
    )
    message.created_at.FromDatetime(now)
    if document.HasField("created_at"):
        queued = timing.begun.timestamp() - (document.created_at.seconds + document.created_at.nanos / 1e9)
        # Clocks differ: a document from the future has not waited.
        message.timings.queued_seconds = max(0.0, queued)
    message.timings.inference_seconds = timing.seconds
    message.timings.batch_documents = timing.documents
    return message
