"""The same encoder with another head: how a head that went on learning becomes a bundle like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from towpath.model.build.bundle import Head, write_files
from towpath.model.bundle import Bundle, BundleError
from towpath.model.manifest import FileEntry

__all__ = ["head_of", "rehead"]

_COEF, _INTERCEPT = "head.coef", "head.intercept"


def head_of(bundle: Bundle) -> Head:
    """The head in a bundle's graph. Raises BundleError where it has none of ours."""
    found = _initializers(onnx.load_model_from_string(bundle.files["model.onnx"]))
    coef, intercept = (numpy_helper.to_array(found[name]).astype(np.float64) for name in (_COEF, _INTERCEPT))
    return Head(coef.T, intercept)


def rehead(bundle: Bundle, out: Path, head: Head, *, metrics: Mapping[str, float] | None = None) -> Path:
    """Write `bundle` with `head` in the place of its own to the folder `out`; the same gives the same bytes.

    Everything else stays: encoder, tokenizer, objective, lineage (it was made of the same snapshot, and of feedback
    that its release tells). `metrics` are added to the bundle's.

    Raises:
        BundleError: the graph has no head of ours.
        ValueError: the head is of another shape, or not finite.
    """
    model = onnx.load_model_from_string(bundle.files["model.onnx"])
    found = _initializers(model)
    for name, values in ((_COEF, head.coef.T), (_INTERCEPT, head.intercept)):
        if tuple(found[name].dims) != values.shape:
            raise ValueError(f"{name} is {values.shape}, the bundle's is {tuple(found[name].dims)}")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} has numbers that are not finite: the learning rate is too high")
        found[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32), name))
    graph = bytes(model.SerializeToString(deterministic=True))
    entry = FileEntry(sha256=hashlib.sha256(graph).hexdigest(), size=len(graph))
    old = bundle.manifest
    changes = {"files": {**old.files, "model.onnx": entry}, "metrics": {**old.metrics, **(metrics or {})}}
    manifest = old.model_copy(update=changes)
    files = {
        **bundle.files,
        "model.onnx": graph,
        "manifest.json": manifest.model_dump_json(indent=1, exclude_none=True).encode(),
    }
    return write_files(out, files)


def _initializers(model: onnx.ModelProto) -> dict[str, TensorProto]:
    found = {each.name: each for each in model.graph.initializer if each.name in (_COEF, _INTERCEPT)}
    if len(found) != 2 or any(each.data_type != TensorProto.FLOAT for each in found.values()):
        raise BundleError(f"model.onnx has no {_COEF} and {_INTERCEPT} in float32: its head cannot be taken over")
    return found
