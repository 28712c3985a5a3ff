"""oip.py HOST REST-PORT KEY < texts.json: the same texts over REST and gRPC; says the probabilities of both."""

import asyncio
import json
import sys
import urllib.request

from kserve import InferenceGRPCClient, InferInput, InferRequest

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


print(json.dumps({"rest": plain(rest()), "grpc": plain(asyncio.run(grpc()))}))
