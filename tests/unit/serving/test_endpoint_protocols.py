"""One predictor behind every protocol of the endpoint: the same texts in, the same answers out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from grpc_interceptor.exceptions import InvalidArgument, NotFound, Unavailable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from support.endpoint import INFER, PREDICT, Echo, Endpoint, raw, serving, tensor

TEXTS = st.lists(st.text(min_size=1, max_size=40).filter(str.strip).filter(lambda text: "\0" not in text), min_size=1)
NAMES = ["label", "decision", "expected_cost", "probabilities", "truncated", "windows", "release"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint(serving(Echo()))
    yield made
    made.close()


def outputs(body: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["data"] for each in body["outputs"]}


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(texts=TEXTS.map(lambda texts: texts[:16]))
def test_every_protocol_asks_the_model_for_the_same_texts(endpoint: Endpoint, texts: list[str]) -> None:
    count, data = len(texts), raw(texts)
    flat = endpoint.post(INFER, {"inputs": [tensor(texts)]})
    column = endpoint.post(INFER, {"inputs": [tensor(texts, shape=[count, 1], data=[[text] for text in texts])]})
    head = json.dumps(
        {"inputs": [{**BINARY, "shape": [count], "parameters": {"binary_data_size": len(data)}}]}
    ).encode()
    binary = endpoint.post(INFER, head + data, inference_header_content_length=str(len(head)))
    for answer in (flat, column, binary):
        assert answer.status_code == 200, answer.text
        assert outputs(answer.json())["label"] == texts
    first = endpoint.post(PREDICT, {"instances": [texts[0], *({"text": text} for text in texts[1:])]})
    assert [each["label"] for each in first.json()["predictions"]] == texts
    encoded = [text.encode() for text in texts]
    input_ = {"name": "text", "datatype": "BYTES", "shape": [count]}
    contents = pb.ModelInferRequest(model_name="tweets", inputs=[{**input_, "contents": {"bytes_contents": encoded}}])
    said = endpoint.infer(contents)
    assert list(said.outputs[0].contents.bytes_contents) == encoded
    said = endpoint.infer(pb.ModelInferRequest(model_name="tweets", inputs=[input_], raw_input_contents=[data]))
    assert said.raw_output_contents[0] == data


BINARY = {"name": "text", "datatype": "BYTES"}


def test_version_1_says_what_version_2_says(endpoint: Endpoint) -> None:
    answer = endpoint.post(PREDICT, {"instances": ["good", {"text": "bad", "id": "tweet-2"}]}).json()
    assert answer["predictions"][1] == {
        "label": "bad",
        "decision": "class",
        "expected_cost": 0.25,
        "probabilities": {"a": 0.75, "b": 0.25},
        "truncated": False,
        "windows": 0,
        "release": "rel-1",
    }
    assert (answer["release_id"], len(answer["predictions"])) == ("rel-1", 2)


def test_kserves_own_types_read_binary_answers(endpoint: Endpoint) -> None:
    given = InferInput("text", [2], "BYTES")
    given.set_data_from_numpy(np.array([b"good", "sch\u00f6n".encode()], dtype=np.object_))
    request = InferRequest("tweets", [given], request_id="7", parameters={"binary_data_output": True})
    body, length = request.to_rest()
    assert isinstance(body, bytes)
    answer = endpoint.post(INFER, body, inference_header_content_length=str(length))
    assert answer.status_code == 200, answer.text
    read = InferResponse.from_bytes(answer.content, int(answer.headers["inference-header-content-length"]))
    found = {each.name: each.as_numpy() for each in read.outputs}
    assert list(found) == NAMES
    assert found["label"].tolist() == ["good", "sch\u00f6n"]
    assert found["probabilities"].tolist() == [[0.75, 0.25], [0.75, 0.25]]
    assert found["truncated"].tolist() == [False, False]
    assert read.id == "7"


def test_only_the_outputs_that_are_asked_for_come_in_the_form_that_each_asks_for(endpoint: Endpoint) -> None:
    wanted = [{"name": "expected_cost", "parameters": {"binary_data": True}}, {"name": "label"}]
    answer = endpoint.post(INFER, {"inputs": [tensor(["good"])], "outputs": wanted})
    length = int(answer.headers["inference-header-content-length"])
    cost, label = json.loads(answer.content[:length])["outputs"]
    assert cost == {"name": "expected_cost", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}
    assert label["data"] == ["good"]
    assert np.frombuffer(answer.content[length:], "<f8").tolist() == [0.25]
    refused = endpoint.post(INFER, {"inputs": [tensor(["good"])], "outputs": [{"name": "labels"}]})
    assert refused.status_code == 400
    assert "labels" in refused.json()["error"]


def test_grpc_says_why_it_refuses(endpoint: Endpoint) -> None:
    input_ = {"name": "text", "datatype": "BYTES", "shape": [1]}
    lying = pb.ModelInferRequest(model_name="tweets", inputs=[input_], raw_input_contents=[b"\xff\xff\xff\xffabc"])
    with pytest.raises(InvalidArgument, match="longer than what was sent"):
        endpoint.infer(lying)
    lying.model_name = "other"
    with pytest.raises(NotFound, match="other"):
        endpoint.infer(lying)


def test_grpc_tells_clients_to_try_again_before_the_first_release() -> None:
    empty = Endpoint()
    input_ = {"name": "text", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"good"]}}
    with pytest.raises(Unavailable, match="no release yet"):
        empty.infer(pb.ModelInferRequest(model_name="tweets", inputs=[input_]))
    empty.close()


def test_before_the_first_release_clients_are_told_to_try_again() -> None:
    empty = Endpoint()
    for path, body in ((INFER, {"inputs": [tensor(["good"])]}), (PREDICT, {"instances": ["good"]})):
        answer = empty.post(path, body)
        assert answer.status_code == 503
        assert "no release yet" in answer.json()["error"]
        assert answer.headers["retry-after"]
    empty.close()


def test_other_models_and_other_paths_are_not_answered_here(endpoint: Endpoint) -> None:
    assert endpoint.post("/v2/models/other/infer", {"inputs": [tensor(["good"])]}).status_code == 404
    assert endpoint.post("/v1/models/other:predict", {"instances": ["good"]}).status_code == 404
    versioned = endpoint.post("/v2/models/tweets/versions/7/infer", {"inputs": [tensor(["good"])]})
    assert versioned.status_code == 404
    assert "ask without one" in versioned.json()["error"]
    assert endpoint.post("/v2/repository/models/tweets/load", {}).text == "not ours"
