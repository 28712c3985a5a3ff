"""Whatever is sent to the endpoint, it is answered or refused with a reason, and the next caller is served."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from grpc_interceptor.exceptions import InvalidArgument
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from support.endpoint import INFER, PREDICT, Echo, Endpoint, Slow, raw, serving, tensor

LENGTH = "inference_header_content_length"
QUICK = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)
# Nearly right is where readers fail: in what is right, one or two members are left out, or are anything.
RIGHT: dict[str, Any] = {
    "id": "7",
    "parameters": {"binary_data_output": False},
    "inputs": [tensor(["good", "bad"]), tensor(["1", "2"], "id", parameters={})],
    "outputs": [{"name": "label", "parameters": {"binary_data": True}}, {"name": "release"}],
    "instances": ["good", {"text": "bad", "id": "2"}],
}
RIGHT_BINARY: dict[str, Any] = {
    "inputs": [
        {
            "name": "text",
            "datatype": "BYTES",
            "shape": [2],
            "parameters": {"binary_data_size": len(raw(["good", "bad"]))},
        },
        {"name": "id", "datatype": "BYTES", "shape": [2, 1], "parameters": {"binary_data_size": len(raw(["1", "2"]))}},
    ]
}


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Each member of what is in `node`: its container, and its key there."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, member in members:
        yield node, key
        yield from places(member)


@st.composite
def nearly(draw: st.DrawFn, right: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(right)
    for _ in range(draw(st.integers(0, 2))):
        container, key = draw(st.sampled_from(list(places(body)) or [(body, "id")]))
        if draw(st.booleans()):
            container[key] = draw(ANYTHING | st.integers(-(2**70), 2**70))
        elif isinstance(container, list) or key in container:
            del container[key]
    return body


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint(serving(Echo()), max_bytes=2**16)
    yield made
    made.close()


def fine_or_refused(endpoint: Endpoint, path: str, body: bytes, **headers: str) -> None:
    answer = endpoint.post(path, body, **headers)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500, answer.text
    if answer.status_code != 200:
        told = answer.json()
        assert len(told.get("error") or told["detail"]) > 10, "the reason"
        assert len(answer.content) < 1000, "what was sent is not sent back"


def fine_or_invalid(endpoint: Endpoint, request: pb.ModelInferRequest) -> None:
    request.model_name = "tweets"
    reason = "it is fine"
    try:
        endpoint.infer(request)
    except InvalidArgument as error:
        reason = error.details
    assert 10 <= len(reason) < 1000


@QUICK
@given(
    body=st.binary(max_size=200), length=st.none() | st.text(st.characters(codec="ascii", categories=["L", "N", "P"]))
)
@example(b"[" * 20_000, None)
@example(b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["\\ud800"]}]}', None)
@example(b'{"inputs": [], "outputs": NaN}', None)
@example(b"{}", "9" * 10_000)
@example(b"{}", "-1")
def test_bytes_of_any_kind(endpoint: Endpoint, body: bytes, length: str | None) -> None:
    headers = {} if length is None else {LENGTH: length}
    fine_or_refused(endpoint, INFER, body, **headers)
    fine_or_refused(endpoint, PREDICT, body, **headers)


@QUICK
@given(said=nearly(RIGHT))
def test_nearly_right_requests(endpoint: Endpoint, said: dict[str, Any]) -> None:
    fine_or_refused(endpoint, INFER, json.dumps(said).encode())
    fine_or_refused(endpoint, PREDICT, json.dumps(said).encode())


@QUICK
@given(said=nearly(RIGHT_BINARY), data=st.data())
def test_nearly_right_binary_requests(endpoint: Endpoint, said: dict[str, Any], data: st.DataObject) -> None:
    head, behind = json.dumps(said).encode(), bytearray(raw(["good", "bad", "1", "2"]))
    for _ in range(data.draw(st.integers(0, 2))):
        behind[data.draw(st.integers(0, len(behind) - 1))] = data.draw(st.integers(0, 255))
    length = len(head) + data.draw(st.just(0) | st.integers(-3, 3))
    end = len(behind) - data.draw(st.just(0) | st.integers(0, 9))
    fine_or_refused(endpoint, INFER, head + behind[:end], **{LENGTH: str(length)})


@QUICK
@given(contents=st.lists(st.binary(max_size=3), max_size=3), cut=st.just(0) | st.integers(0, 9))
@example([b"\xff"], 0)
def test_raw_contents_that_lie(endpoint: Endpoint, contents: list[bytes], cut: int) -> None:
    data = b"".join(len(each).to_bytes(4, "little") + each for each in contents)
    input_ = {"name": "text", "datatype": "BYTES", "shape": [len(contents)]}
    request = pb.ModelInferRequest(inputs=[input_], raw_input_contents=[data[: len(data) - cut]])
    fine_or_invalid(endpoint, request)


CONTENTS = st.builds(
    pb.InferTensorContents,
    bytes_contents=st.lists(st.binary(max_size=4), max_size=3),
    int_contents=st.lists(st.integers(-9, 9), max_size=2),
)
INPUTS = st.builds(
    pb.ModelInferRequest.InferInputTensor,
    name=st.sampled_from(["text", "id", "words", ""]),
    datatype=st.sampled_from(["BYTES", "FP32", "", "?"]),
    shape=st.lists(st.integers(-2, 3) | st.integers(-(2**63), 2**63 - 1), max_size=3),
    contents=st.none() | CONTENTS,
)
OUTPUTS = st.builds(pb.ModelInferRequest.InferRequestedOutputTensor, name=st.sampled_from(["label", "release", ""]))


@QUICK
@given(
    st.builds(
        pb.ModelInferRequest,
        inputs=st.lists(INPUTS, max_size=3),
        outputs=st.lists(OUTPUTS, max_size=3),
        raw_input_contents=st.lists(st.binary(max_size=9), max_size=3),
    )
)
def test_nearly_right_grpc_requests(endpoint: Endpoint, request: pb.ModelInferRequest) -> None:
    fine_or_invalid(endpoint, request)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": ["good"], "shape": [17]}, "1 to 16"),
        ({"data": ["x" * 1001]}, "at most 1000"),
        ({"data": [" \n"]}, "text 0: is blank"),
        ({"data": [7]}, "text 0: is blank or no text"),
        ({"shape": [True]}, "no list of numbers"),
        ({"shape": [1, 2]}, "[n, 1] is wanted"),
        ({"datatype": "INT64"}, "BYTES is wanted"),
        ({"parameters": {"binary_data_size": 3}}, "both data and binary_data_size"),
    ],
)
def test_the_reason_says_what_and_where(endpoint: Endpoint, changes: dict[str, Any], reason: str) -> None:
    answer = endpoint.post(INFER, {"inputs": [tensor(["good"], **changes)]})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("instances", "reason"),
    [
        ("good", '{"instances"'),
        ([], "1 to 16"),
        (["x"] * 17, "1 to 16"),
        ([{"txt": "good"}], "instance 0"),
        (["good", {"text": "bad", "id": 7}], "id 1"),
        (["good", {"text": "bad", "id": "x" * 201}], "id 1"),
    ],
)
def test_version_1_says_what_and_where(endpoint: Endpoint, instances: object, reason: str) -> None:
    answer = endpoint.post(PREDICT, {"instances": instances})
    assert answer.status_code == 400
    assert reason.replace("instance", "text") in answer.json()["error"] or reason in answer.json()["error"]


def test_a_compressed_body_is_refused_by_name(endpoint: Endpoint) -> None:
    answer = endpoint.post(INFER, b"\x1f\x8b", content_encoding="gzip")
    assert answer.status_code == 415
    assert "compressed" in answer.json()["error"]


def test_while_a_model_is_slow_others_are_refused_and_probes_answered() -> None:
    model = Slow()
    endpoint = Endpoint(serving(model))

    async def beside() -> list[int]:
        slow = asyncio.create_task(endpoint.client.post(INFER, json={"inputs": [tensor(["slow"])]}))
        await asyncio.to_thread(model.begun.wait, 20)
        refused = await endpoint.client.post(INFER, content=b"nonsense")
        probe = await endpoint.client.get("/v2/health/ready")
        assert not slow.done()
        model.go.set()
        return [refused.status_code, probe.status_code, (await slow).status_code]

    assert endpoint.run(beside()) == [400, 200, 200]
    endpoint.close()
