"""The Open Inference Protocol endpoint, as a process, on a tiny bundle: REST, gRPC, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

from towpath.cli.local.ports import choose_port
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_bundle

StartService = Callable[..., Any]


PAGE = Path(__file__).parents[2] / "docs" / "predictions.md"


class Endpoint:
    """A running endpoint."""

    def __init__(self, start_service: StartService, **environment: str) -> None:
        self.grpc_port = choose_port()
        self.service = start_service(
            "serving",
            TOWPATH_SERVING_MODE="endpoint",
            TOWPATH_SERVING_GRPC_PORT=str(self.grpc_port),
            **environment,
        )
        self.client = self.service.client

    def infer(self, headers: dict[str, str] | None = None, **changes: object) -> httpx.Response:
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good day", "bad day"], **changes}
        body = {"id": "1", "inputs": [tensor]}
        return self.client.post("/v2/models/tweet-sentiment/infer", json=body, headers=headers)

    def grpc_infer(self, *metadata: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", GRPC_CLIENT, str(self.grpc_port), *metadata]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# A process of its own: gRPC's threads and a test runner that forks do not go together.
GRPC_CLIENT = """
import sys, asyncio, json
import numpy as np
from kserve import InferenceGRPCClient, InferInput, InferRequest
async def main():
    client = InferenceGRPCClient(url=f"127.0.0.1:{sys.argv[1]}")
    plain, raw = InferInput("text", [2], "BYTES", ["good day", "bad day"]), InferInput("text", [2], "BYTES")
    raw.set_data_from_numpy(np.array([b"good day", b"bad day"], dtype=np.object_))
    headers = [tuple(each.split("=")) for each in sys.argv[2:]]
    for tensor in (plain, raw):
        answer = await client.infer(InferRequest(model_name="tweet-sentiment", infer_inputs=[tensor]), headers=headers)
        print(json.dumps([each.decode() for each in answer.outputs[0].as_numpy().ravel()]))
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("endpoint") / "bundle")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return Model.load(bundle)


@pytest.fixture(scope="module")
def endpoint(bundle: Path, start_service: StartService) -> Endpoint:
    made = Endpoint(start_service, TOWPATH_SERVING_BUNDLE=str(bundle), TOWPATH_SERVING_MAX_BODY_BYTES=str(2**20))
    made.service.until("/readyz", 200)
    return made


def test_rest_answers_as_the_model_does(endpoint: Endpoint, model: Model) -> None:
    answer = endpoint.infer()
    assert answer.status_code == 200, answer.text
    body = answer.json()
    outputs = {each["name"]: each for each in body["outputs"]}
    wanted = model.predict(["good day", "bad day"])
    assert outputs["label"]["data"] == [each.label for each in wanted]
    assert outputs["decision"]["data"] == [each.decision for each in wanted]
    assert outputs["expected_cost"]["data"] == pytest.approx([each.expected_cost for each in wanted], abs=1e-5)
    assert outputs["probabilities"]["shape"] == [2, 3]
    assert (body["id"], body["model_name"]) == ("1", "tweet-sentiment")
    assert body["parameters"]["release_id"] == model.release_id


def test_the_requests_id_is_optional_as_the_protocol_says(endpoint: Endpoint) -> None:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good day"]}
    answer = endpoint.client.post("/v2/models/tweet-sentiment/infer", json={"inputs": [tensor]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"]


def test_grpc_answers_the_same_in_contents_and_raw(endpoint: Endpoint, model: Model) -> None:
    done = endpoint.grpc_infer()
    assert done.returncode == 0, done.stderr
    wanted = [each.label for each in model.predict(["good day", "bad day"])]
    assert done.stdout.strip().splitlines()[-2:] == [json.dumps(wanted)] * 2


def test_kserves_client_gets_the_same_by_version_1_and_by_binary_tensors(endpoint: Endpoint, model: Model) -> None:
    texts, url = ["good day", "bad day"], str(endpoint.client.base_url).rstrip("/")
    tensor = InferInput("text", [2], "BYTES")
    tensor.set_data_from_numpy(np.array([each.encode() for each in texts], dtype=np.object_))
    request = InferRequest("tweet-sentiment", [tensor], parameters={"binary_data_output": True})

    async def ask(protocol: str, data: Any) -> Any:
        client = InferenceRESTClient(RESTConfig(protocol=protocol))
        try:
            return await client.infer(url, data, "tweet-sentiment")
        finally:
            await client.close()

    wanted = [each.label for each in model.predict(texts)]
    old = asyncio.run(ask("v1", {"instances": texts}))
    assert [each["label"] for each in old["predictions"]] == wanted
    binary = asyncio.run(ask("v2", request))
    assert binary.outputs[0].as_numpy().tolist() == wanted


@pytest.mark.parametrize("client", ["import numpy", "InferenceGRPCClient", "// node"])
def test_the_programs_of_the_documentation_run(endpoint: Endpoint, client: str) -> None:
    blocks = re.findall(r"^((?:    .*\n|\n)+)", PAGE.read_text(), re.MULTILINE)
    (block,) = (each for each in blocks if client in each)
    program = (
        textwrap.dedent(block).replace("8083", str(endpoint.service.port)).replace("8084", str(endpoint.grpc_port))
    )
    command = ["node", "--input-type=module", "-e"] if client == "// node" else [sys.executable, "-c"]
    done = subprocess.run([*command, program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search("negative|neutral|positive|ask a person", done.stdout)


def test_the_metadata_name_what_is_answered(endpoint: Endpoint) -> None:
    said = endpoint.client.get("/v2/models/tweet-sentiment").json()
    answered = endpoint.infer().json()
    assert [(each["name"], each["datatype"]) for each in said["outputs"]] == [
        (each["name"], each["datatype"]) for each in answered["outputs"]
    ]
    assert endpoint.client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert endpoint.client.get("/v1/models").json() == {"models": ["tweet-sentiment"]}
    assert endpoint.client.get("/v1/models/tweet-sentiment").json()["ready"] in (True, "True")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"datatype": "FP32", "data": [1.0, 2.0]}, "BYTES is wanted"),
        ({"shape": [2, 2]}, "shape"),
        ({"shape": [3]}, "3"),
        ({"data": ["good", "   "]}, "text 1: is blank"),
        ({"name": "words"}, "one input named 'text'"),
        ({"shape": [300], "data": ["x"] * 300}, "1 to 256"),
        ({"data": ["good", "x" * 200_000]}, "100000"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_the_reason(
    endpoint: Endpoint, changes: dict[str, object], reason: str
) -> None:
    answer = endpoint.infer(**changes)
    assert 400 <= answer.status_code < 500, answer.text
    assert reason in answer.text
    assert endpoint.infer().status_code == 200, "and the next one is answered"


def test_probes_metrics_and_the_protocols_own_health(endpoint: Endpoint) -> None:
    for path in ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready", "/v2/models/tweet-sentiment/ready"):
        assert endpoint.client.get(path).status_code == 200, path
    assert "towpath_serving" in endpoint.client.get("/metrics").text
    assert endpoint.client.get("/v2/models/no-such-model/ready").status_code == 404


def test_a_body_over_the_limit_is_refused_however_it_is_sent(endpoint: Endpoint) -> None:
    path, huge = "/v2/models/tweet-sentiment/infer", b"x" * (2**20 + 1)
    in_one = endpoint.client.post(path, content=huge)
    in_chunks = endpoint.client.post(
        path, content=(huge[start : start + 65536] for start in range(0, len(huge), 65536))
    )
    for answer in (in_one, in_chunks):
        assert answer.status_code == 413
        assert "1048576 bytes" in answer.json()["detail"]
    assert endpoint.infer().status_code == 200


def test_no_caller_can_take_the_model_away(endpoint: Endpoint) -> None:
    for verb in ("load", "unload"):
        answer = endpoint.client.post(f"/v2/repository/models/tweet-sentiment/{verb}")
        assert answer.status_code == 400
        assert "come from the models topic" in answer.text
    assert endpoint.infer().status_code == 200


def test_it_listens_where_it_is_told_only(endpoint: Endpoint) -> None:
    other = "127.0.0.2"  # loopback too, but not the address that was asked for
    for port in (endpoint.service.port, endpoint.grpc_port):
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect((other, port))


def test_where_keys_are_asked_for_both_protocols_ask(bundle: Path, start_service: StartService) -> None:
    keys = {"TOWPATH_AUTH_MODE": "api-key", "TOWPATH_AUTH_API_KEYS": "first-key,second-key"}
    endpoint = Endpoint(start_service, TOWPATH_SERVING_BUNDLE=str(bundle), **keys)
    endpoint.service.until("/readyz", 200)
    assert endpoint.infer().status_code == 401
    assert endpoint.infer({"X-API-Key": "wrong"}).status_code == 401
    assert endpoint.client.get("/v2/models").status_code == 401
    assert endpoint.infer({"X-API-Key": "second-key"}).status_code == 200
    assert endpoint.client.get("/v2/health/live").status_code == 200, "a probe has no key"
    assert "UNAUTHENTICATED" in endpoint.grpc_infer("x-api-key=wrong").stderr
    assert endpoint.grpc_infer("x-api-key=first-key").returncode == 0
    assert "first-key" not in endpoint.service.log.read_text()


def test_without_kafka_or_a_model_it_lives_waits_and_ends_on_sigterm(start_service: StartService) -> None:
    # A connection is tried for less long than the shutdown may take, so that no thread is left to log after it.
    nobody = {"TOWPATH_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{choose_port()}", "TOWPATH_KAFKA_REQUEST_TIMEOUT_S": "3"}
    endpoint = Endpoint(start_service, **nobody)
    endpoint.service.until("/livez", 200)
    assert endpoint.client.get("/readyz").status_code == 503
    assert endpoint.client.get("/v2/health/live").status_code == 200
    assert endpoint.client.get("/v2/health/ready").status_code == 503
    assert endpoint.infer().status_code == 503
    endpoint.service.end()
    records = [json.loads(line) for line in endpoint.service.log.read_text().splitlines()]
    assert (records[-1]["service"], records[-1]["event"]) == ("serving-endpoint", "service.stopped")
