"""Texts to embeddings, kept by what they were made of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.model.build import Encoder, EncoderFolder

__all__ = ["embed"]


def embed(texts: list[str], encoder: EncoderFolder, cache: Path, *, windows: bool = False) -> NDArray[np.float32]:
    """(n, D) float32. The same texts under the same encoder are embedded once. `windows`: long ones are read whole."""
    digest = hashlib.sha256(encoder.identity.encode() + (b" windows" if windows else b""))
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    file = cache / f"embeddings-{digest.hexdigest()[:32]}.npy"
    if file.exists():
        kept: NDArray[np.float32] = np.load(file, allow_pickle=False)
        return kept
    made = Encoder(encoder, windows=windows).embed(texts)
    cache.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npy")
    np.save(part, made, allow_pickle=False)
    part.replace(file)
    return made
