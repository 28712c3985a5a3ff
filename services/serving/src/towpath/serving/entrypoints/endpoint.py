"""The Open Inference Protocol (REST v2 and gRPC) by KServe's ModelServer, on the model that the slot holds."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import kserve
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.errors import InvalidInput, ModelNotReady

from towpath.model import Prediction
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.metrics import ServingMetrics
from towpath.serving.settings import ServingSettings

__all__ = ["TextModel"]


class TextModel(kserve.Model):  # type: ignore[misc]
    """`text`: BYTES (n) or (n, 1) → `label`, `decision`: BYTES (n); `expected_cost`: FP64 (n);
    `probabilities`: FP64 (n, K)."""

    def __init__(self, slot: ModelSlot, metrics: ServingMetrics, settings: ServingSettings) -> None:
        super().__init__(settings.serving_model or "model")
        self._slot, self._metrics = slot, metrics
        self._max_texts, self._max_chars = settings.serving_max_texts, settings.serving_max_document_chars
        # Inference in the event loop would hold up the probes; more threads than cores would only take memory.
        self._threads = ThreadPoolExecutor(settings.serving_concurrent_requests, "inference")

    async def healthy(self) -> bool:
        return self._slot.get() is not None

    async def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": "text", "datatype": "BYTES", "shape": [-1]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        return [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "decision", "datatype": "BYTES", "shape": [-1]},
            {"name": "expected_cost", "datatype": "FP64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, -1]},
        ]

    async def predict(self, payload: InferRequest, *_: Any, **__: Any) -> InferResponse:
        """Raises InvalidInput (400) naming what is wrong with the request."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._predict, payload)

    def _predict(self, payload: InferRequest) -> InferResponse:
        if not isinstance(payload, InferRequest):
            raise InvalidInput("speak version 2 of the protocol: POST /v2/models/NAME/infer")
        serving = self._slot.get()
        if serving is None:
            raise ModelNotReady(self.name, "no release yet")
        texts = self._texts(payload)
        try:
            with self._metrics.inference.time():
                answers = serving.model.predict(texts)
        except ValueError as error:
            raise InvalidInput(f"no prediction: {error.args[0] if error.args else error}") from error
        release = serving.release
        self._metrics.answers.labels(release.release_id).inc(len(answers))
        return InferResponse(
            # Optional in a request, but not in KServe's response.
            response_id=payload.id or str(uuid4()),
            model_name=release.model_name,
            model_version=release.release_id,
            infer_outputs=_outputs(answers),
            parameters={"release_id": release.release_id, "objective_hash": release.objective_hash},
        )

    def _texts(self, request: InferRequest) -> list[str]:
        given = [each for each in request.inputs if each.name == "text"]
        if len(given) != 1 or len(request.inputs) != 1:
            raise InvalidInput(f"one input named 'text' is wanted, not {[each.name for each in request.inputs]}")
        values = self._values(given[0])
        texts = []
        for number, value in enumerate(values):
            texts.append(self._text(number, value))
        return texts

    def _values(self, given: InferInput) -> list[Any]:
        shape = list(given.shape)
        if given.datatype != "BYTES":
            raise InvalidInput(f"input 'text' is of type {given.datatype}, BYTES is wanted")
        if not 1 <= len(shape) <= 2 or (len(shape) == 2 and shape[1] != 1):
            raise InvalidInput(f"input 'text' has shape {shape}, [n] or [n, 1] is wanted")
        if not 1 <= shape[0] <= self._max_texts:
            raise InvalidInput(f"input 'text' has {shape[0]} texts, 1 to {self._max_texts} are taken")
        try:
            values = list(given.as_numpy().ravel())
        except (ValueError, TypeError, InvalidInput) as error:
            raise InvalidInput(f"input 'text' does not match its shape {shape}: {error}") from error
        if len(values) != shape[0]:
            raise InvalidInput(f"input 'text' has {len(values)} texts, its shape says {shape[0]}")
        return values

    def _text(self, number: int, value: Any) -> str:
        try:
            text = value.decode("utf-8") if isinstance(value, bytes) else value
        except UnicodeDecodeError as error:
            raise InvalidInput(f"text {number}: not UTF-8 at byte {error.start}") from error
        if not isinstance(text, str) or not text.strip():
            raise InvalidInput(f"text {number}: is blank or no text")
        if len(text) > self._max_chars:
            raise InvalidInput(f"text {number}: {len(text)} characters, at most {self._max_chars} are taken")
        return text


def _outputs(answers: list[Prediction]) -> list[InferOutput]:
    count, classes = len(answers), list(answers[0].probabilities)
    return [
        InferOutput(name="label", shape=[count], datatype="BYTES", data=[each.label for each in answers]),
        InferOutput(name="decision", shape=[count], datatype="BYTES", data=[each.decision for each in answers]),
        InferOutput(name="expected_cost", shape=[count], datatype="FP64", data=[a.expected_cost for a in answers]),
        InferOutput(
            name="probabilities",
            shape=[count, len(classes)],
            datatype="FP64",
            data=[p for each in answers for p in each.probabilities.values()],
            parameters={"classes": ",".join(classes)},
        ),
    ]
