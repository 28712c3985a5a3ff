"""The encoder in eight-bit integers, as a release of an objective with `delivery.int8` has it: twice as fast."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from towpath.model.batching import batches, feed
from towpath.model.build import EncoderFolder, build_encoder, quantised, smoothed
from towpath.model.reading import Reader

__all__ = ["small_encoder"]


def small_encoder(out: Path, texts: Sequence[str]) -> EncoderFolder:
    """Below `out`, or as it is found there; smoothed on `texts`, as the pipeline does it on documents to train on."""
    whole = build_encoder(out)
    told = "\0".join([whole.identity, *texts]).encode("utf-8", "surrogatepass")
    folder = out / f"minilm-int8-{hashlib.sha256(told).hexdigest()[:16]}"
    if (folder / "encoder.json").exists():
        return EncoderFolder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about, tokenizer = whole.description, whole.path / "tokenizer.json"
    ids = Reader(tokenizer.read_bytes(), int(about["max_tokens"])).read(texts).ids
    sample = (feed([ids[n] for n in batch]) for batch in batches([len(each) for each in ids]))
    graph = quantised(smoothed((whole.path / "encoder.onnx").read_bytes(), sample))
    (folder / "encoder.onnx").write_bytes(graph)
    shutil.copy(tokenizer, folder)
    made = {**about, "name": f"{about['name']}-int8", "sha256": hashlib.sha256(graph).hexdigest()}
    # Last, so that a folder with it is whole.
    (folder / "encoder.json").write_text(json.dumps(made, sort_keys=True), encoding="utf-8")
    return EncoderFolder(folder)
