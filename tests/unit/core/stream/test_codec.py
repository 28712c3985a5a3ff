"""The codec: what goes in comes out, and no bytes whatever raise anything but MalformedMessageError."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.protobuf.message import Message as ProtoMessage
from hypothesis import example, given
from hypothesis import strategies as st

from towpath.core.errors import MalformedMessageError
from towpath.core.ids import new_traceparent
from towpath.core.stream import Codec, Encoding, Record, Registry, dead_letter
from towpath.v1 import ClassLabel, DeadLetter, Document, Feedback, Prediction

KINDS = [topic.message for topic in Registry.load()]
# Text that can be sent: proto3 strings are UTF-8, so lone surrogates are not among them.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def record(value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record("t", 0, 7, b"k", value, headers, 0)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    made = Document(document_id=draw(text), text=draw(text), source=draw(text), language=draw(text))
    made.attributes.update(draw(st.dictionaries(text, text, max_size=3)))
    if draw(st.booleans()):
        made.created_at.FromNanoseconds(draw(st.integers(0, 4_000_000_000_000_000_000)))
    return made


@st.composite
def feedback(draw: st.DrawFn) -> Feedback:
    score = draw(st.none() | st.floats(allow_nan=False, allow_infinity=False))
    return Feedback(
        feedback_id=draw(text), document_id=draw(text), class_label=ClassLabel(label=draw(text), score=score)
    )


@given(message=documents() | feedback(), encoding=st.sampled_from(["json", "protobuf"]))
@example(message=Document(), encoding="protobuf")
def test_what_goes_in_comes_out(message: ProtoMessage, encoding: Encoding) -> None:
    trace = new_traceparent()
    sent = Codec(encoding, "towpath/test").encode(message, topic="t", key="k", trace=trace)
    envelope = Codec().decode(record(sent.value, sent.headers), type(message))
    assert envelope.message == message
    assert (envelope.source, envelope.traceparent) == ("towpath/test", trace)
    assert envelope.trace_id == trace.split("-")[1]


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_headers_are_cloudevents_in_binary_mode(encoding: Encoding) -> None:
    sent = Codec(encoding, "towpath/serving").encode(Prediction(prediction_id="prd-1"), topic="t", key="k")
    headers = dict(sent.headers)
    assert headers["ce_id"] == b"prd-1"
    assert headers["ce_type"] == b"towpath.v1.Prediction"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/" + encoding.encode()
    assert set(headers) == {"ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion", "content-type"}


@pytest.mark.parametrize("topic", list(Registry.load()), ids=lambda topic: topic.name)
def test_every_topics_example_survives_both_encodings(topic: Any) -> None:
    plain = Codec().decode(record(json.dumps(dict(topic.example)).encode()), topic.message).message
    for encoding in ("json", "protobuf"):
        sent = Codec(encoding).encode(plain, topic=topic.full_name, key="k")
        assert Codec().decode(record(sent.value, sent.headers), topic.message).message == plain


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
fields = st.sampled_from(["documentId", "text", "createdAt", "attributes", "classLabel", "timings", "key", "x"])


@given(
    value=st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(fields, json_values, max_size=4).map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(KINDS),
    content_type=st.sampled_from([b"application/json", b"application/protobuf", b"text/plain", b"\xff"]),
)
def test_hostile_bytes_raise_nothing_but_malformed(value: bytes, kind: type, content_type: bytes) -> None:
    with contextlib.suppress(MalformedMessageError):
        Codec().decode(record(value, (("content-type", content_type),)), kind)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"{", "not JSON"),
        (b'{"documentId": NaN}', "NaN is not JSON"),
        (b"[" * 200_000, "not acceptable JSON"),
        (b"[]", "where an object is wanted"),
        (b'{"documentId": 7}', "not towpath.v1.Document"),
        (b'{"createdAt": "yesterday"}', "not towpath.v1.Document"),
        (b'{"text": "\\ud800"}', "not towpath.v1.Document"),
        (b"9" * 10_000, "not acceptable JSON"),
    ],
)
def test_the_reason_says_what_is_wrong(value: bytes | None, reason: str) -> None:
    with pytest.raises(MalformedMessageError, match=reason):
        Codec().decode(record(value), Document)


def test_a_message_of_another_kind_is_refused_by_its_header() -> None:
    sent = Codec().encode(Feedback(feedback_id="fb-1"), topic="t", key="k")
    with pytest.raises(MalformedMessageError, match="carries towpath"):
        Codec().decode(record(sent.value, sent.headers), Document)


def test_fields_of_a_newer_producer_are_passed_over() -> None:
    value = b'{"documentId": "d", "addedLater": {"x": 1}}'
    assert Codec().decode(record(value), Document).message.document_id == "d"


@given(value=st.binary(max_size=100), key=st.none() | st.binary(max_size=20))
def test_a_dead_letter_keeps_the_original_bytes(value: bytes, key: bytes | None) -> None:
    source = Record("towpath.documents", 3, 1042, key, value, (("h", b"\x00\xff"),), 0)
    sent = dead_letter(source, ValueError("why"), service="s", registry=Registry.load(), codec=Codec())
    letter = Codec().decode(record(sent.value, sent.headers), DeadLetter).message
    assert (letter.value, letter.key, letter.headers[0].value) == (value, key or b"", b"\x00\xff")
    assert (letter.dead_letter_id, letter.error, letter.reason) == ("towpath.documents/3/1042", "ValueError", "why")
    assert sent.topic == "towpath.dead-letters"
