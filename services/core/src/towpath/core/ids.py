"""Ids that make a replay harmless: derived from content where possible, ordered by time where not.

A derived id is a prefix and 128 bits of SHA-256 over length-prefixed parts, so that ("ab", "c") and ("a", "bc")
never meet.
"""

from __future__ import annotations

import hashlib
import secrets

from google.protobuf.message import Message
from uuid6 import uuid7

__all__ = ["alert_id", "annotation_id", "document_id", "feedback_id", "new_id", "new_traceparent", "prediction_id"]


def document_id(source: str, text: str) -> str:
    """Id of a document that came without one: the same text from the same source is the same document."""
    return _derived("doc", source, text)


def annotation_id(document_id: str, rater_id: str, label: Message) -> str:
    """Id of what one rater said of one document; `label` is the case of Annotation's oneof."""
    return _derived("ann", document_id, rater_id, _canonical(label))


def feedback_id(document_id: str, source: str, truth: Message) -> str:
    """Id of what `source` said is true of a document; `truth` is the case of Feedback's oneof."""
    return _derived("fb", document_id, source, _canonical(truth))


def prediction_id(document_id: str, release_id: str) -> str:
    """Id of what a release says of a document: predicting again gives the same id."""
    return _derived("prd", document_id, release_id)


def alert_id(monitor: str, *parts: str) -> str:
    """Id of what a monitor says of what the parts name: saying it again gives the same id."""
    return _derived("alr", monitor, *parts)


def new_id(prefix: str) -> str:
    """A new id that sorts by time of creation (UUIDv7)."""
    return f"{prefix}-{uuid7().hex}"


def new_traceparent(trace_id: str = "") -> str:
    """A W3C traceparent of a new span in a sampled trace: that one, or a new one."""
    return f"00-{trace_id or secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _canonical(message: Message) -> bytes:
    return message.DESCRIPTOR.full_name.encode() + b"\0" + message.SerializeToString(deterministic=True)


def _derived(prefix: str, *parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # Lone surrogates cannot be sent anywhere, but an id of them must not be what crashes.
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return f"{prefix}-{digest.hexdigest()[:32]}"
