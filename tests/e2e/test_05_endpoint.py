"""The endpoint on demand, as KServe runs it: what it says is what the topic says."""

from __future__ import annotations

import json

import pytest

from e2e.conftest import Installation
from e2e.support.cluster import eventually


def test_the_inference_service_is_ready(installation: Installation) -> None:
    def conditions() -> dict[str, str]:
        found = installation.namespace.get("inferenceservice", "towpath-endpoint")
        return {each["type"]: each["status"] for each in found["status"]["conditions"]}

    eventually(conditions, lambda found: found.get("Ready") == "True", limit_s=120)


# Ours names the ports as they are; KServe's own leads 80 to REST.
@pytest.mark.parametrize(("service", "port"), [("towpath-endpoint", "8080"), ("towpath-endpoint-predictor", "80")])
def test_every_protocol_says_what_the_topic_says(installation: Installation, service: str, port: str) -> None:
    texts = ["Great service!", "my parcel is two weeks late and nobody answers", "It is Tuesday", "ünïcødé 🙂"]
    rows = [{"documentId": f"{service}-{n}", "text": text} for n, text in enumerate(texts)]
    client = installation.client
    client.posted("documents", rows, installation.ingestion, installation.key)
    found = {each["documentId"]: each for each in client.settled({row["documentId"] for row in rows}, limit_s=60)}
    streamed = [
        [each["probability"] for each in found[row["documentId"]]["classDecision"]["probabilities"]] for row in rows
    ]
    said = client.script("oip", service, port, installation.key, data=json.dumps(texts))
    for way in ("rest", "grpc", "binary", "version 1"):
        for asked, read in zip(said[way], streamed, strict=True):
            assert asked == pytest.approx(read, abs=1e-5), way
