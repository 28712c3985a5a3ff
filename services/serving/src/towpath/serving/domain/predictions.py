"""From a model's answer to the message that says it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from towpath.core.errors import DeadLetterError
from towpath.core.ids import prediction_id
from towpath.core.stream import Headers
from towpath.model import Prediction as Answer
from towpath.v1 import ClassDecision, ClassProbability, Decision, Document, Prediction

__all__ = ["Released", "Shadowing", "Timing", "UnusableDocumentError", "check", "headers", "prediction"]


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


@dataclass(frozen=True)
class Shadowing:
    """What a challenger says of a document that it was not asked about; `seconds` of its inference."""

    release_id: str
    answer: Answer
    seconds: float


def check(document: Document, max_chars: int) -> None:
    """Raises UnusableDocumentError with the reason."""
    if not document.document_id:
        raise UnusableDocumentError("documentId: is missing")
    if not document.text.strip():
        raise UnusableDocumentError("text: is blank")
    if len(document.text) > max_chars:
        raise UnusableDocumentError(f"text: {len(document.text)} characters, at most {max_chars} are predicted")


def prediction(
    document: Document,
    answer: Answer,
    release: Released,
    timing: Timing,
    *,
    trace_id: str,
    now: datetime,
    rollout_id: str = "",
    shadow: Shadowing | None = None,
) -> Prediction:
    """The message. Its id follows from document and release, so predicting again says the same."""
    message = Prediction(
        prediction_id=prediction_id(document.document_id, release.release_id),
        document_id=document.document_id,
        model_name=release.model_name,
        release_id=release.release_id,
        objective_hash=release.objective_hash,
        document_created_at=document.created_at,
        trace_id=trace_id,
        truncated=answer.truncated,
        windows=answer.windows,
        rollout_id=rollout_id,
        class_decision=_decision(answer),
    )
    message.created_at.FromDatetime(now)
    if answer.input is not None:
        read = answer.input
        message.input.sketch = struct.pack(f"{len(read.sketch)}b", *read.sketch)
        message.input.tokens, message.input.unknown_tokens = read.tokens, read.unknown_tokens
        message.input.sketch_basis = read.sketch_basis
    if document.HasField("created_at"):
        queued = timing.begun.timestamp() - (document.created_at.seconds + document.created_at.nanos / 1e9)
        # Clocks differ: a document from the future has not waited.
        message.timings.queued_seconds = max(0.0, queued)
    message.timings.inference_seconds = timing.seconds
    message.timings.batch_documents = timing.documents
    if shadow is not None:
        message.shadow.release_id, message.shadow.inference_seconds = shadow.release_id, shadow.seconds
        message.shadow.class_decision.CopyFrom(_decision(shadow.answer))
    return message


def headers(message: Prediction) -> Headers:
    """What readers filter by without decoding the value; a label is percent-encoded UTF-8."""
    asks = message.class_decision.decision == Decision.DECISION_ASK_PERSON
    told = [
        ("towpath-release", message.release_id.encode()),
        ("towpath-decision", b"ask-person" if asks else b"class"),
        ("towpath-label", quote(message.class_decision.label, safe="").encode()),
    ]
    if message.rollout_id:
        told.append(("towpath-rollout", message.rollout_id.encode()))
    return tuple(told)


def _decision(answer: Answer) -> ClassDecision:
    return ClassDecision(
        probabilities=[ClassProbability(label=name, probability=p) for name, p in answer.probabilities.items()],
        decision=Decision.DECISION_ASK_PERSON if answer.decision == "ask-person" else Decision.DECISION_CLASS,
        label=answer.label,
        expected_cost=answer.expected_cost,
    )
