"""Texts to embeddings, kept by what they were made of."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.model.build import Encoder, EncoderFolder
from towpath.pipelines.steps.kept import FILE_ROWS, Kept

__all__ = ["embed"]


def embed(texts: list[str], encoder: EncoderFolder, cache: Path, *, windows: bool = False) -> NDArray[np.float32]:
    """(n, D) float32. A text is embedded once by an encoder, whatever it comes with. `windows`: long ones whole.

    What is kept below `cache` changes no bit: a text runs alone and in one thread, as the company of others in a batch
    and the number of threads change the last bits of its numbers. That takes two thirds more of the processor than
    batches would (8 ms a tweet for 5), but once a text.
    """
    kept = Kept(cache, encoder.identity + (" windows" if windows else ""), int(encoder.description["hidden"]))
    keys = [kept.key(each) for each in texts]
    rows = kept.find(keys)
    missing = [(key, text) for key, text in dict(zip(keys, texts, strict=True)).items() if key not in rows]
    if missing:
        made = Encoder(encoder, threads=1, windows=windows)
        with ThreadPoolExecutor(os.cpu_count()) as lanes:
            for start in range(0, len(missing), FILE_ROWS):
                part = missing[start : start + FILE_ROWS]
                new = lanes.map(lambda each: made.embed([each[1]])[0], part)
                rows |= (added := dict(zip((key for key, _ in part), new, strict=True)))
                kept.keep(added)
    return np.stack([rows[key] for key in keys]) if keys else np.zeros((0, kept.width), dtype=np.float32)
