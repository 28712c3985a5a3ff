"""The Open Inference Protocol endpoint, as a process, on a tiny bundle: REST, gRPC, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from towpath.cli.local.ports import choose_port
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_bundle


class Endpoint:
    """A running endpoint and the model that it serves."""

    def __init__(self, folder: Path) -> None:
        self.bundle = build_tiny_bundle(folder / "bundle")
        self.model = Model.load(self.bundle)
        self.port = choose_port()
        self.grpc_port = choose_port(not_these=[self.port])
        environment = {
            **os.environ,
            "TOWPATH_SERVING_MODE": "endpoint",
            "TOWPATH_SERVING_BUNDLE": str(self.bundle),
            "TOWPATH_AUTH_ALLOW_ANONYMOUS_NETWORK": "true",
            "TOWPATH_HTTP_PORT": str(self.port),
            "TOWPATH_SERVING_GRPC_PORT": str(self.grpc_port),
        }
        with (folder / "log").open("wb") as log:
            command = [sys.executable, "-m", "towpath.serving"]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)
        self._wait(folder / "log")

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.client.get("/readyz").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError(log.read_text()[-3000:])

    def infer(self, **changes: object) -> httpx.Response:
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good day", "bad day"], **changes}
        return self.client.post("/v2/models/tweet-sentiment/infer", json={"id": "1", "inputs": [tensor]})


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    made = Endpoint(tmp_path_factory.mktemp("endpoint"))
    yield made
    made.client.close()
    made.process.kill()
    made.process.wait(10)


def test_rest_answers_as_the_model_does(endpoint: Endpoint) -> None:
    answer = endpoint.infer()
    assert answer.status_code == 200, answer.text
    body = answer.json()
    outputs = {each["name"]: each for each in body["outputs"]}
    wanted = endpoint.model.predict(["good day", "bad day"])
    assert outputs["label"]["data"] == [each.label for each in wanted]
    assert outputs["decision"]["data"] == [each.decision for each in wanted]
    assert outputs["expected_cost"]["data"] == pytest.approx([each.expected_cost for each in wanted], abs=1e-5)
    assert outputs["probabilities"]["shape"] == [2, 3]
    assert body["parameters"]["release_id"] == endpoint.model.release_id


def test_grpc_answers_the_same(endpoint: Endpoint) -> None:
    program = """
import sys, asyncio, json
from kserve import InferenceGRPCClient, InferInput, InferRequest
async def main():
    client = InferenceGRPCClient(url=f"127.0.0.1:{sys.argv[1]}")
    tensor = InferInput("text", [2], "BYTES", ["good day", "bad day"])
    answer = await client.infer(InferRequest(model_name="tweet-sentiment", infer_inputs=[tensor]))
    print(json.dumps([v.decode() if isinstance(v, bytes) else str(v) for v in answer.outputs[0].as_numpy().ravel()]))
asyncio.run(main())
"""
    command = [sys.executable, "-c", program, str(endpoint.grpc_port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    wanted = [each.label for each in endpoint.model.predict(["good day", "bad day"])]
    assert done.stdout.strip().splitlines()[-1] == str(wanted).replace("'", '"')


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
