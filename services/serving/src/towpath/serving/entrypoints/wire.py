"""The Open Inference Protocol's REST bodies: JSON, and JSON with binary tensors behind it.

KServe's reader answers 500 to a binary body that lies about its lengths, and its path through pydantic takes longer
than a small model takes to predict (docs/decisions/0007-kserve-inside-our-runtime.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
from kserve.errors import InvalidInput

from towpath.serving.entrypoints.answers import Answered, Column
from towpath.serving.entrypoints.questions import Tensor, shown

__all__ = ["HEADER_LENGTH", "Infer", "json_object", "raw", "read", "wanted", "written"]

HEADER_LENGTH = "inference-header-content-length"
_DTYPES = {"FP64": "<f8", "BOOL": "?", "INT32": "<i4"}


@dataclass(frozen=True)
class Infer:
    """A request of version 2: its inputs, and which outputs it wants, each with whether in binary; None: all."""

    id: str | None
    tensors: Sequence[Tensor]
    outputs: Mapping[str, bool] | None
    binary: bool


def json_object(body: bytes) -> dict[str, Any]:
    """Raises InvalidInput when `body` is no JSON object."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput("the body is no JSON object")
    return found


def read(body: bytes, header_length: str | None) -> Infer:
    """Of a body; `header_length` says where its JSON ends and binary tensors begin, where there are any.

    Raises:
        InvalidInput: what is wrong, and where.
    """
    end = _length(header_length, len(body))
    said = json_object(body[:end])
    tensors = []
    for number, each in enumerate(_objects(said, "inputs")):
        tensor, end = _tensor(f"inputs[{number}]", each, body, end)
        tensors.append(tensor)
    if end != len(body):
        raise InvalidInput(f"{len(body) - end} bytes of the body belong to no input: binary_data_size is too small")
    binary = _member(said, "", "parameters", dict, {}).get("binary_data_output") is True
    outputs = None
    if said.get("outputs"):
        outputs = dict(_output(f"outputs[{n}]", each, binary) for n, each in enumerate(_objects(said, "outputs")))
    return Infer(_member(said, "", "id", str, None), tensors, outputs, binary)


def written(infer: Infer, answered: Answered) -> tuple[bytes, int | None]:
    """The response's body, and the length of its JSON where binary outputs follow.

    Raises:
        InvalidInput: there is no such output.
    """
    outputs, behind = [], []
    for column in wanted(answered.columns(), infer.outputs):
        binary = infer.binary if infer.outputs is None else infer.outputs[column.name]
        output: dict[str, Any] = {"name": column.name, "shape": column.shape, "datatype": column.datatype}
        parameters: dict[str, Any] = dict(column.parameters or {})
        if binary:
            behind.append(raw(column))
            parameters["binary_data_size"] = len(behind[-1])
        else:
            output["data"] = column.values
        outputs.append({**output, "parameters": parameters} if parameters else output)
    release = answered.release()
    said = {"id": infer.id or str(uuid4()), "model_name": answered.releases[0].model_name}
    if release is not None:
        said["model_version"] = release.release_id
    head = orjson.dumps({**said, "parameters": answered.parameters(), "outputs": outputs})
    return b"".join([head, *behind]), len(head) if behind else None


def wanted(columns: Sequence[Column], names: Mapping[str, bool] | None) -> list[Column]:
    """Those of the names, in their order; raises InvalidInput where there is none of a name."""
    if names is None:
        return list(columns)
    by_name = {each.name: each for each in columns}
    if not names.keys() <= by_name.keys():
        raise InvalidInput(f"there is no output {shown(sorted(names.keys() - by_name.keys()))}: {sorted(by_name)}")
    return [by_name[name] for name in names]


def raw(column: Column) -> bytes:
    """Little endian; texts each behind its length in four bytes."""
    if column.datatype != "BYTES":
        return np.asarray(column.values, dtype=_DTYPES[column.datatype]).tobytes()
    texts = [str(each).encode() for each in column.values]
    return b"".join(part for text in texts for part in (len(text).to_bytes(4, "little"), text))


def _length(said: str | None, most: int) -> int:
    if said is None:
        return most
    # More digits than any length has would take long to become a number.
    length = int(said) if said.isascii() and said.isdigit() and len(said) < 20 else -1
    if not 0 <= length <= most:
        raise InvalidInput(f"{HEADER_LENGTH} is {shown(said)}, a number from 0 to the body's {most} bytes is wanted")
    return length


def _tensor(where: str, said: Mapping[str, Any], body: bytes, start: int) -> tuple[Tensor, int]:
    name, datatype = (_member(said, where, key, str) for key in ("name", "datatype"))
    shape = _member(said, where, "shape", list)
    if not all(type(each) is int for each in shape):
        raise InvalidInput(f"{where}.shape: {shown(shape)} is no list of numbers")
    size = _member(said, where, "parameters", dict, {}).get("binary_data_size")
    if size is None:
        return Tensor(name, datatype, shape, _member(said, where, "data", list)), start
    if "data" in said:
        raise InvalidInput(f"{where}: has both data and binary_data_size")
    if type(size) is not int or not 0 <= size <= len(body) - start:
        left = f"{len(body) - start} bytes follow the JSON and the inputs before it"
        raise InvalidInput(f"{where}.parameters.binary_data_size: is {shown(size)}, and {left}")
    return Tensor(name, datatype, shape, raw=body[start : start + size]), start + size


def _output(where: str, said: Mapping[str, Any], binary: bool) -> tuple[str, bool]:
    asked = _member(said, where, "parameters", dict, {}).get("binary_data", binary)
    return _member(said, where, "name", str), asked is True


def _objects(said: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = _member(said, "", key, list)
    if not all(isinstance(each, dict) for each in found):
        raise InvalidInput(f"{key}: is no list of objects")
    return list(found)


_NEEDED: Any = object()
_CALLED: dict[type, str] = {str: "text", list: "list", dict: "object"}


def _member(said: Mapping[str, Any], where: str, key: str, kind: type, otherwise: Any = _NEEDED) -> Any:
    found = said.get(key)
    if found is None and otherwise is not _NEEDED:
        return otherwise
    if not isinstance(found, kind):
        raise InvalidInput(f"{f'{where}.' if where else ''}{key}: is missing or no {_CALLED[kind]}")
    return found
