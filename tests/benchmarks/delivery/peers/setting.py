"""What the bench tells a peer's program, and the one ONNX predictor that those without torch share.

Runs in the peers' environments: nothing of Towpath is there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

SERVERS = os.environ.get("BENCH_SERVERS", "")
INPUT, OUTPUT = os.environ.get("BENCH_INPUT", ""), os.environ.get("BENCH_OUTPUT", "")
GROUP = os.environ.get("BENCH_GROUP", "")
BUNDLE, ENCODER = Path(os.environ["BENCH_BUNDLE"]), Path(os.environ["BENCH_ENCODER"])
HEAD = os.environ.get("BENCH_HEAD", "")
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
SORTED = os.environ.get("BENCH_SORTED") == "1"
CLASSES = ("negative", "neutral", "positive")
MAX_TOKENS, BATCH = 256, 32


def answer(document_id: str, probabilities: Sequence[float]) -> bytes:
    """The JSON that a peer writes."""
    told = {name: float(p) for name, p in zip(CLASSES, probabilities, strict=True)}
    return json.dumps({"documentId": document_id, "probabilities": told}).encode()


class OnnxModel:
    """The bundle's graph as its documentation would have one use it: batches of 32, padded to the longest of each.

    In the order of arrival; with BENCH_SORTED by length, which is what one has to know to do.
    """

    def __init__(self) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(BUNDLE / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        self._session = ort.InferenceSession(str(BUNDLE / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def predict(self, texts: Sequence[str]) -> list[list[float]]:
        import numpy as np

        order = sorted(range(len(texts)), key=lambda n: len(texts[n])) if SORTED else list(range(len(texts)))
        found: list[list[float]] = [[]] * len(texts)
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([texts[n] for n in some])
            feed = {
                "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
                "attention_mask": np.array([each.attention_mask for each in encoded], dtype=np.int64),
            }
            for n, row in zip(some, self._session.run(["probabilities"], feed)[0], strict=True):
                found[n] = row.tolist()
        return found
