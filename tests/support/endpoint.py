"""The endpoint's two edges in this process, without a network: for tests that ask thousands of times."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import httpx
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse

from towpath.core.service.settings import AuthSettings
from towpath.model import Prediction
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import Challenger, ModelSlot, Serving
from towpath.serving.entrypoints.answers import Answering
from towpath.serving.entrypoints.endpoint import GrpcPredictions, TextModel
from towpath.serving.entrypoints.guard import HttpGuard
from towpath.serving.entrypoints.questions import Limits
from towpath.serving.entrypoints.repository import FixedRepository, SlotDataPlane, SlotRepository
from towpath.serving.entrypoints.rest import Predictions
from towpath.serving.entrypoints.shadow import Shadow
from towpath.serving.metrics import ServingMetrics

INFER, PREDICT = "/v2/models/tweets/infer", "/v1/models/tweets:predict"


class Echo:
    """A model whose label is the text, led by what it is called; `refuses` are texts that it cannot take."""

    def __init__(self, called: str = "", refuses: str = "\0") -> None:
        self.called, self.refuses, self.asked = called, refuses, list[str]()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.asked += texts
        if any(self.refuses in text for text in texts):
            raise ValueError("the graph does not run on these")
        return [Prediction(self.called + text, "class", 0.25, {"a": 0.75, "b": 0.25}, False) for text in texts]


class Slow(Echo):
    """Says nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.begun.set()
        assert self.go.wait(20)
        return super().predict(texts)


def serving(model: Echo, release: str = "rel-1", challenger: Challenger | None = None) -> Serving:
    return Serving(model, released(release), challenger)


def released(release: str) -> Released:
    return Released("tweets", release, "objective-" + release)


def challenger(
    model: Echo, mode: Literal["shadow", "canary"], share: float = 0.0, release: str = "rel-2"
) -> Challenger:
    return Challenger(model, released(release), "rol-1", mode, share)


class Endpoint:
    """REST behind its guard, and the servicer; everything else is answered "not ours"."""

    def __init__(self, serving: Serving | None = None, *, max_bytes: int = 2**20, limits: Limits | None = None) -> None:
        self.slot, self.metrics = ModelSlot(), ServingMetrics(CollectorRegistry())
        if serving is not None:
            self.slot.put(serving)
        self.shadow = Shadow(self.metrics, waiting=8, patience_s=20)
        answering = Answering(self.slot, self.metrics, self.shadow)
        repository = SlotRepository(TextModel(self.slot, None), self.slot, None)
        limits, self.threads = limits or Limits(texts=16, chars=1000), ThreadPoolExecutor(4)
        inner = Predictions(PlainTextResponse("not ours"), answering, repository.check, limits, self.threads)
        app = HttpGuard(inner, auth=AuthSettings(), max_bytes=max_bytes, timeout_s=5)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://endpoint")
        plane = SlotDataPlane(repository, self.slot)
        self.servicer = GrpcPredictions(plane, FixedRepository(repository), answering, limits, self.threads)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()
        self.threads.shutdown()

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.run(self.client.post(path, content=content, headers=sent))
        assert isinstance(answer, httpx.Response)
        return answer

    def infer(self, request: pb.ModelInferRequest) -> pb.ModelInferResponse:
        """Over gRPC."""
        return self.run(self.servicer.ModelInfer(request, None))

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"towpath_serving_{name}_total", labels) or 0.0


def tensor(values: Sequence[str], name: str = "text", **changes: object) -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values), **changes}


def raw(values: Sequence[str]) -> bytes:
    """As the binary extension and gRPC's raw contents have it."""
    texts = [each.encode() for each in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
