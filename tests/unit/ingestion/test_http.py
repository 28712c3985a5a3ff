"""Ingestion's API in process: what is taken, what is refused and how, on the in-memory broker."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis.specs.openapi.checks import positive_data_acceptance

from towpath.core.service import AuthSettings
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.ingestion.bootstrap import build
from towpath.ingestion.domain.idempotency import Answer, IdempotencyStore
from towpath.ingestion.domain.lines import LineSplitter
from towpath.ingestion.settings import IngestionSettings
from towpath.v1 import Document

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}


class Rig:
    """The service on a broker of its own."""

    def __init__(self, **settings: Any) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())
        service = build(IngestionSettings(**settings), broker=self.broker)
        assert service.app is not None
        self.app = service.app
        self.client = TestClient(service.app)

    def taken(self, topic: str = "documents") -> list[Any]:
        kind = self.registry.topic(topic).message
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            records = reader.poll(timeout_s=0, max_records=100_000).records
        return [Codec().decode(record, kind).message for record in records]


@pytest.fixture
def rig() -> Iterator[Rig]:
    return Rig()


def test_a_document_is_acknowledged_with_an_id_that_a_replay_shares(rig: Rig) -> None:
    body = {"text": "Great service!", "source": "twitter", "attributes": {"product": "parcels"}}
    answers = [rig.client.post("/v1/documents", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["ids"] == answers[1].json()["ids"]
    first, second = rig.taken()
    assert (first.document_id, first.text, dict(first.attributes)) == (
        second.document_id, "Great service!", {"product": "parcels"},
    )  # fmt: skip
    assert first.HasField("created_at")


def test_annotations_and_feedback_come_in_too(rig: Rig) -> None:
    annotation = {"documentId": "doc-1", "raterId": "r", "classLabel": {"score": -2.5}}
    told = {"documentId": "doc-1", "source": "agent", "classLabel": {"label": "negative"}}
    assert rig.client.post("/v1/annotations", json=annotation).status_code == 202
    assert rig.client.post("/v1/feedback", json=told).status_code == 202
    assert rig.taken("annotations")[0].class_label.score == -2.5
    assert rig.taken("feedback")[0].class_label.label == "negative"


BAD = {
    b'{"text": "caf\xe9"}': "not UTF-8",
    b'{"text": ""}': "text",
    b'{"text": " \\t\\n "}': "blank",
    b'{"text": "x", "docId": 1}': "docId",
    b'{"text": 7}': "text",
    b'{"text": "x"': "JSON",
    b"[]": "object",
    b"null": "object",
    b'{"text": "x", "documentId": "../../etc/passwd"}': "documentId",
    b'{"text": "x", "documentId": "a\\nb"}': "documentId",
    b'{"text": "x", "createdAt": "yesterday"}': "createdAt",
    b'{"text": "\\ud800"}': "hex escape",
    b"[" * 5000: "recursion",
    json.dumps({"text": "x" * 10_001}).encode(): "10000",
    b'{"text": "' + b"x" * 300_000 + b'"}': "262144 bytes",
}


def test_bad_lines_are_named_and_good_ones_kept(rig: Rig) -> None:
    bad = list(BAD)
    lines = [json.dumps({"text": f"good {n}"}).encode() for n in range(len(bad) + 1)]
    stream = b"\n".join(each for pair in zip(lines, [*bad, b""], strict=True) for each in pair)
    answer = rig.client.post("/v1/documents", content=stream, headers=NDJSON)
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["rejected"]) == (202, len(lines), len(bad))
    assert [each["line"] for each in body["problems"]] == [2 * n + 2 for n in range(len(bad))]
    for problem, reason in zip(body["problems"], BAD.values(), strict=True):
        assert reason.lower() in problem["detail"].lower()
    assert sorted(each.text for each in rig.taken()) == sorted(f"good {n}" for n in range(len(lines)))


@pytest.mark.parametrize("raw", list(BAD), ids=list(BAD.values()))
def test_a_bad_document_alone_is_a_problem(rig: Rig, raw: bytes) -> None:
    answer = rig.client.post("/v1/documents", content=raw, headers=JSON)
    assert answer.status_code in (413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert rig.taken() == []


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e400", '"1"', "true"])
def test_a_score_is_a_finite_number(rig: Rig, score: str) -> None:
    raw = f'{{"documentId": "d", "raterId": "r", "classLabel": {{"score": {score}}}}}'
    assert rig.client.post("/v1/annotations", content=raw.encode(), headers=JSON).status_code == 422


def test_while_kafka_is_away_nothing_is_acknowledged(rig: Rig) -> None:
    rig.broker.away = True
    one = rig.client.post("/v1/documents", json={"text": "x"})
    assert (one.status_code, one.headers["retry-after"]) == (503, "5")
    assert rig.client.get("/readyz").status_code == 503
    stream = rig.client.post("/v1/documents", content=b'{"text": "x"}\n' * 3, headers=NDJSON)
    assert (stream.status_code, stream.json()["accepted"], stream.json()["lastLine"]) == (503, 0, 0)
    assert "send again from line 1" in stream.json()["detail"]
    rig.broker.away = False
    assert rig.client.post("/v1/documents", json={"text": "x"}).status_code == 202


def test_an_interrupted_stream_says_how_far_it_was_taken() -> None:
    rig = Rig(batch_messages=10)
    sends: list[int] = []

    def fail_third(step: str) -> None:
        if step == "send":
            sends.append(1)
            rig.broker.away = len(sends) >= 3

    rig.broker.fault = fail_third
    stream = b"".join(b'{"text": "line %d"}\n' % n for n in range(1, 41))
    answer = rig.client.post("/v1/documents", content=stream, headers=NDJSON)
    rig.broker.away = False
    assert (answer.status_code, answer.json()["accepted"], answer.json()["lastLine"]) == (503, 20, 20)
    assert len(rig.taken()) == 20


def test_an_idempotency_key_repeats_the_answer_and_refuses_another_body(rig: Rig) -> None:
    key = {"Idempotency-Key": "k-1"}
    for headers, body in ((JSON, b'{"text": "x"}'), (NDJSON, b'{"text": "x"}\n{"text": "y"}\n')):
        both = {**headers, "Idempotency-Key": headers["Content-Type"]}
        answers = [rig.client.post("/v1/documents", content=body, headers=both) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
    assert len(rig.taken()) == 3, "the repeated requests sent nothing"
    rig.client.post("/v1/documents", json={"text": "x"}, headers=key)
    other = rig.client.post("/v1/documents", json={"text": "other"}, headers=key)
    assert (other.status_code, "another body" in other.json()["detail"]) == (409, True)


def test_a_key_is_asked_for_where_the_settings_say_so() -> None:
    rig = Rig(auth=AuthSettings(mode="api-key", api_keys=SecretStr("secret")))
    assert rig.client.post("/v1/documents", json={"text": "x"}).status_code == 401
    assert rig.client.post("/v1/documents", json={"text": "x"}, headers={"X-API-Key": "secret"}).status_code == 202


def test_the_callers_trace_is_kept(rig: Rig) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    rig.client.post("/v1/documents", json={"text": "x"}, headers={"traceparent": trace})
    with rig.broker.consumer([rig.registry.full_name("documents")], group=None) as reader:
        (record,) = reader.poll(timeout_s=0).records
    assert Codec().decode(record, Document).traceparent == trace


def test_other_media_types_are_not_guessed(rig: Rig) -> None:
    assert (
        rig.client.post("/v1/documents", content=b"text=x", headers={"Content-Type": "text/plain"}).status_code == 415
    )


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=6), limit=st.integers(1, 60))
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, cuts: list[int], limit: int) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    splitter = LineSplitter(limit)
    found = [line for a, b in itertools.pairwise(edges) for line in splitter.feed(data[a:b])]
    found += splitter.finish()
    wanted = [(n, line) for n, line in enumerate(data.split(b"\n"), 1)]
    kept = [(n, None if len(line) > limit else line.rstrip(b"\r")) for n, line in wanted]
    assert [(line.number, line.data) for line in found] == [(n, d) for n, d in kept if d is None or d.strip()]


def test_kept_answers_are_bounded_in_number_and_time() -> None:
    now = [0.0]
    store = IdempotencyStore(size=3, ttl_s=10, clock=lambda: now[0])
    for n in range(5):
        store.keep(str(n), "digest", Answer(202, n))
    assert [store.knows(str(n)) for n in range(5)] == [False, False, True, True, True]
    now[0] = 10.0
    assert not any(store.knows(str(n)) for n in range(5))


@schemathesis.serializer("application/x-ndjson")
def ndjson(context: Any, value: Any) -> bytes:
    """What schemathesis makes of the stream's schema, a string, is sent as it is."""
    return str(value).encode("utf-8", "replace")


guarded = Rig(auth=AuthSettings(mode="api-key", api_keys=SecretStr("secret")))
schema = schemathesis.openapi.from_asgi("/openapi.json", guarded.app)


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_document_says(case: schemathesis.Case) -> None:
    # JSON Schema cannot say "a line of NDJSON is a document" or "not blank", so valid by schema may still be refused.
    case.call_and_validate(headers={"X-API-Key": "secret"}, excluded_checks=[positive_data_acceptance])
