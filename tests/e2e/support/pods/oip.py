"""oip.py HOST REST-PORT KEY < texts.json: the same texts by every protocol; says the probabilities of each."""

import asyncio
import json
import sys
import urllib.request

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

host, port, key = sys.argv[1:4]
texts = json.load(sys.stdin)


def rest():
    inputs = [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}]
    request = urllib.request.Request(
        f"http://{host}:{port}/v2/models/tweet-sentiment/infer",
        json.dumps({"inputs": inputs}).encode(),
        {"Content-Type": "application/json", "X-API-Key": key},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        outputs = json.load(answer)["outputs"]
    return {each["name"]: each["data"] for each in outputs}


def version_1():
    request = urllib.request.Request(
        f"http://{host}:{port}/v1/models/tweet-sentiment:predict",
        json.dumps({"instances": texts}).encode(),
        {"Content-Type": "application/json", "X-API-Key": key},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        predictions = json.load(answer)["predictions"]
    return [list(each["probabilities"].values()) for each in predictions]


async def binary():
    tensor = InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode() for text in texts], dtype=np.object_))
    request = InferRequest("tweet-sentiment", [tensor], parameters={"binary_data_output": True})
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    answer = await client.infer(f"http://{host}:{port}", request, "tweet-sentiment", headers={"X-API-Key": key})
    return {each.name: each.as_numpy().tolist() for each in answer.outputs}


async def grpc():
    given = InferInput("text", [len(texts)], "BYTES", [text.encode() for text in texts])
    client = InferenceGRPCClient(f"{host}:9000", timeout=60)
    answer = await client.infer(InferRequest("tweet-sentiment", [given]), headers=[("x-api-key", key)])
    return {each.name: each.as_numpy().tolist() for each in answer.outputs}


def plain(outputs):
    count = len(texts)
    flat = [float(each) for row in outputs["probabilities"] for each in (row if isinstance(row, list) else [row])]
    width = len(flat) // count
    return [flat[n * width : (n + 1) * width] for n in range(count)]


said = {"rest": plain(rest()), "grpc": plain(asyncio.run(grpc())), "binary": plain(asyncio.run(binary()))}
print(json.dumps({**said, "version 1": version_1()}))
