"""The Open Inference Protocol as KServe sees it: the model's metadata, and predictions over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import kserve
from grpc_interceptor.exceptions import InvalidArgument, NotFound, Unavailable
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from towpath.serving.domain.slot import ModelSlot
from towpath.serving.entrypoints.answers import Answered, Answering, Column
from towpath.serving.entrypoints.questions import Limits, Tensor, from_tensors
from towpath.serving.entrypoints.wire import raw, wanted

__all__ = ["GrpcPredictions", "TextModel"]

_CONTENTS = {"BYTES": "bytes_contents", "FP64": "fp64_contents", "BOOL": "bool_contents", "INT32": "int_contents"}


class TextModel(kserve.Model):  # type: ignore[misc]
    """`text`, and perhaps `id`: BYTES (n) or (n, 1) → `label`, `decision`, `release`: BYTES (n); `expected_cost`: FP64
    (n); `probabilities`: FP64 (n, K); `truncated`: BOOL (n); `windows`: INT32 (n)."""

    def __init__(self, slot: ModelSlot, name: str | None) -> None:
        super().__init__(name or "model")
        self._slot = slot

    async def healthy(self) -> bool:
        return self._slot.get() is not None

    async def get_input_types(self) -> list[dict[str, Any]]:
        # `id` is optional, which the protocol has no word for: clients that send what is listed need not know it.
        return [{"name": "text", "datatype": "BYTES", "shape": [-1]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        return [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "decision", "datatype": "BYTES", "shape": [-1]},
            {"name": "expected_cost", "datatype": "FP64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, -1]},
            {"name": "truncated", "datatype": "BOOL", "shape": [-1]},
            {"name": "windows", "datatype": "INT32", "shape": [-1]},
            {"name": "release", "datatype": "BYTES", "shape": [-1]},
        ]


class GrpcPredictions(InferenceServicer):  # type: ignore[misc]
    """KServe's servicer, but for the predictions: they are those of REST."""

    def __init__(
        self,
        data_plane: DataPlane,
        repository: ModelRepositoryExtension,
        answering: Answering,
        limits: Limits,
        threads: ThreadPoolExecutor,
    ) -> None:
        super().__init__(data_plane, repository)
        self._answering, self._limits, self._threads = answering, limits, threads

    async def ModelInfer(self, request: Any, _: Any) -> Any:  # noqa: N802 - gRPC's name
        """Outputs are raw where inputs are.

        Raises:
            GrpcException: INVALID_ARGUMENT with what is wrong, NOT_FOUND, or UNAVAILABLE before the first release.
        """
        try:
            self._data_plane.model_registry.check(request.model_name, request.model_version)
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._infer, request)
        except InvalidInput as error:
            raise InvalidArgument(str(error)) from error
        except ModelNotFound as error:
            raise NotFound(str(error)) from error
        except ModelNotReady as error:
            raise Unavailable(str(error)) from error

    def _infer(self, request: Any) -> Any:
        self.validate_grpc_request(request)
        answered = self._answering(from_tensors(_tensors(request), self._limits), request.model_name)
        names = dict.fromkeys((each.name for each in request.outputs), True) or None
        return _response(request, answered, wanted(answered.columns(), names))


def _tensors(request: Any) -> list[Tensor]:
    raws = request.raw_input_contents or [None] * len(request.inputs)
    return [
        Tensor(each.name, each.datatype, each.shape, each.contents.bytes_contents, content)
        for each, content in zip(request.inputs, raws, strict=True)
    ]


def _response(request: Any, answered: Answered, columns: Sequence[Column]) -> Any:
    release, in_raw = answered.release(), len(request.raw_input_contents) > 0
    response = pb.ModelInferResponse(
        id=request.id or str(uuid4()),
        model_name=answered.releases[0].model_name,
        model_version=release.release_id if release is not None else "",
        parameters=_parameters(answered.parameters()),
    )
    for column in columns:
        output = response.outputs.add(
            name=column.name,
            datatype=column.datatype,
            shape=column.shape,
            parameters=_parameters(column.parameters or {}),
        )
        if in_raw:
            response.raw_output_contents.append(raw(column))
        else:
            values = [each.encode() if isinstance(each, str) else each for each in column.values]
            getattr(output.contents, _CONTENTS[column.datatype]).extend(values)
    return response


def _parameters(said: Mapping[str, str]) -> dict[str, Any]:
    return {name: pb.InferParameter(string_param=value) for name, value in said.items()}
