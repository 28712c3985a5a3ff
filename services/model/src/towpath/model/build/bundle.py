"""Writing a bundle: encoder and head in one graph, every file by hash. The same inputs give the same bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from towpath.model.build.encoder import EncoderFolder
from towpath.model.bundle import verify
from towpath.model.manifest import FORMAT, FileEntry, Int8Choice, Lineage, Manifest, Tensor
from towpath.model.sketch import FILE

__all__ = ["Head", "merged", "write_bundle", "write_files"]

_MLMODEL = """\
flavors:
  onnx:
    data: model.onnx
    onnx_version: "{onnx_version}"
    providers: [CPUExecutionProvider]
"""


@dataclass(frozen=True)
class Head:
    """A linear classifier on embeddings: softmax(coef @ embedding + intercept). coef (K, D), intercept (K,)."""

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]


def write_bundle(
    out: Path,
    *,
    name: str,
    encoder: EncoderFolder,
    head: Head,
    classes: tuple[str, ...],
    objective_json: str,
    lineage: Lineage,
    metrics: Mapping[str, float] | None = None,
    calibration: Mapping[str, float] | None = None,
    monitoring_reference: Mapping[str, list[float]] | None = None,
    graph: bytes | None = None,
    int8: Int8Choice | None = None,
    anchors: bytes | None = None,
) -> Path:
    """Write the bundle to the folder `out`, whole or not at all; returns it.

    Args:
        graph: instead of `merged` of encoder and head, where it was changed since (`quantised`).
        int8: why it was, or was not.
        anchors: of sketches (`fitted_anchors`).

    Raises:
        ValueError: head and classes or encoder do not fit together.
    """
    hidden = int(encoder.description["hidden"])
    if head.coef.shape != (len(classes), hidden):
        raise ValueError(f"the head is {head.coef.shape}, {(len(classes), hidden)} was wanted")
    files = {
        "model.onnx": merged(encoder, head) if graph is None else graph,
        "tokenizer.json": (encoder.path / "tokenizer.json").read_bytes(),
        "objective.json": objective_json.encode(),
        "MLmodel": _MLMODEL.format(onnx_version=onnx.__version__).encode(),
    }
    if anchors is not None:
        files[FILE] = anchors
    manifest = Manifest(
        format=FORMAT,
        name=name,
        task="text-classification",
        classes=classes,
        max_tokens=int(encoder.description["max_tokens"]),
        inputs=tuple(Tensor(name=each, dtype="int64", shape=(-1, -1)) for each in ("input_ids", "attention_mask")),
        outputs=(
            Tensor(name="probabilities", dtype="float32", shape=(-1, len(classes))),
            Tensor(name="embedding", dtype="float32", shape=(-1, hidden)),
        ),
        files={key: FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for key, data in files.items()},
        lineage=lineage,
        metrics=dict(metrics or {}),
        calibration=dict(calibration or {}),
        monitoring_reference=dict(monitoring_reference or {}),
        int8=int8,
    )
    return write_files(out, {**files, "manifest.json": manifest.model_dump_json(indent=1, exclude_none=True).encode()})


def merged(encoder: EncoderFolder, head: Head) -> bytes:
    """The encoder's graph with the head on its end, so that one run gives probabilities and embedding."""
    model = onnx.load_model_from_string((encoder.path / "encoder.onnx").read_bytes())
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.ascontiguousarray(head.coef.T, dtype=np.float32), "head.coef"),
            numpy_helper.from_array(np.ascontiguousarray(head.intercept, dtype=np.float32), "head.intercept"),
        ]
    )
    inputs = ["embedding", "head.coef", "head.intercept"]
    graph.node.append(helper.make_node("Gemm", inputs, ["logits"], name="logits"))
    graph.node.append(helper.make_node("Softmax", ["logits"], ["probabilities"], name="probabilities", axis=-1))
    shape = ["batch", head.coef.shape[0]]
    graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape))
    return bytes(model.SerializeToString(deterministic=True))


def write_files(out: Path, files: Mapping[str, bytes]) -> Path:
    """The bundle of these files, the manifest among them, in the folder `out`: verified, whole or not at all."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, data in files.items():
        (part / name).write_bytes(data)
    verify(part)
    if out.exists():
        shutil.rmtree(out)
    part.replace(out)
    return out
