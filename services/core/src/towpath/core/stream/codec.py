"""Messages to records and back: proto3's canonical JSON or binary protobuf, with CloudEvents' Kafka headers.

Headers follow the CloudEvents Kafka binding in binary mode, and carry W3C `traceparent`. A reader goes by the
record's content type, so both encodings may stand in one topic. Fields that this version does not know are
ignored: a newer producer may add some.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, NoReturn, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage

from towpath.core.errors import MalformedMessageError
from towpath.core.stream.port import Headers, Message, Record

__all__ = ["Codec", "Encoding", "Envelope", "trace_id_of"]

Encoding = Literal["json", "protobuf"]
M = TypeVar("M", bound=ProtoMessage)

_CONTENT_TYPE: dict[Encoding, bytes] = {"json": b"application/json", "protobuf": b"application/protobuf"}
_ID_FIELDS = {
    "Alert": "alert_id",
    "Annotation": "annotation_id",
    "DeadLetter": "dead_letter_id",
    "Document": "document_id",
    "Feedback": "feedback_id",
    "ModelRelease": "release_id",
    "Prediction": "prediction_id",
    "Rollout": "rollout_id",
}
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_MAX_DEPTH = 32


def trace_id_of(traceparent: str | None) -> str:
    """The trace id in a W3C traceparent, 32 hexadecimal digits; empty when there is none or it is malformed."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match else ""


@dataclass(frozen=True, slots=True)
class Envelope(Generic[M]):
    """A decoded message with what its headers say."""

    message: M
    event_id: str
    source: str
    time: str
    traceparent: str | None

    @property
    def trace_id(self) -> str:
        return trace_id_of(self.traceparent)


class Codec:
    """Encodes in one encoding, decodes both. `source` is CloudEvents' source, for example "towpath/serving"."""

    def __init__(self, encoding: Encoding = "json", source: str = "towpath") -> None:
        self.encoding: Encoding = encoding
        self.source = source

    def encode(
        self, message: ProtoMessage, *, topic: str, key: str, trace: str | None = None, headers: Headers = ()
    ) -> Message:
        """A record for `topic` (its full name) under `key`.

        Args:
            trace: a W3C traceparent.
            headers: beside CloudEvents', so that readers can filter without decoding.
        """
        kind = message.DESCRIPTOR
        value = self._to_json(message) if self.encoding == "json" else message.SerializeToString()
        told: list[tuple[str, bytes]] = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(getattr(message, _ID_FIELDS[kind.name])).encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", kind.full_name.encode()),
            ("ce_time", datetime.now(UTC).isoformat(timespec="milliseconds").encode()),
            ("content-type", _CONTENT_TYPE[self.encoding]),
        ]
        if trace:
            told.append(("traceparent", trace.encode()))
        return Message(topic, value, key.encode(), (*told, *headers))

    def decode(self, record: Record, kind: type[M]) -> Envelope[M]:
        """The message of a record.

        Raises:
            MalformedMessageError: the value is not a `kind`, or the headers say that it is something else.
        """
        headers = _text_headers(record.headers)
        said, wanted = headers.get("ce_type"), kind.DESCRIPTOR.full_name
        if said not in (None, wanted):
            raise MalformedMessageError(f"header ce_type: {said!r}, but this topic carries {wanted}")
        content_type = headers.get("content-type", "application/json")
        # No bytes are a whole message in protobuf: the one whose fields all have their defaults.
        if record.value is None or (not record.value and "protobuf" not in content_type):
            raise MalformedMessageError("value: empty")
        message = _parse(record.value, kind, content_type)
        return Envelope(
            message,
            headers.get("ce_id", ""),
            headers.get("ce_source", ""),
            headers.get("ce_time", ""),
            headers.get("traceparent"),
        )

    @staticmethod
    def _to_json(message: ProtoMessage) -> bytes:
        data = json_format.MessageToDict(message)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _text_headers(headers: Headers) -> dict[str, str]:
    return {name.lower(): value.decode("utf-8", "replace") for name, value in headers if value is not None}


def _parse(value: bytes, kind: type[M], content_type: str) -> M:
    media_type = content_type.split(";")[0].strip().lower()
    if media_type in ("application/json", "application/cloudevents+json"):
        return _from_json(value, kind)
    if media_type in ("application/protobuf", "application/x-protobuf"):
        try:
            return kind.FromString(value)
        except DecodeError as error:
            raise MalformedMessageError(f"value: not {kind.DESCRIPTOR.full_name}: {error}") from error
    raise MalformedMessageError(f"header content-type: {content_type!r} is neither JSON nor protobuf")


def _from_json(value: bytes, kind: type[M]) -> M:
    try:
        data = json.loads(value, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedMessageError(f"value: not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise MalformedMessageError(f"value: not JSON: {error.msg} at character {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise MalformedMessageError(f"value: not acceptable JSON: {error}") from error
    return _from_data(data, kind)


def _from_data(data: Any, kind: type[M]) -> M:
    if not isinstance(data, dict):
        raise MalformedMessageError(f"value: a JSON {type(data).__name__} where an object is wanted")
    try:
        return json_format.ParseDict(data, kind(), ignore_unknown_fields=True, max_recursion_depth=_MAX_DEPTH)
    except (json_format.ParseError, UnicodeEncodeError, TypeError, ValueError, OverflowError) as error:
        # ParseDict lets some of Python's own errors through for values of hostile types.
        raise MalformedMessageError(f"value: not {kind.DESCRIPTOR.full_name}: {str(error)[:500]}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
