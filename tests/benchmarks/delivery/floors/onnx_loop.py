"""The floor: ONNX Runtime alone over tokens that are ready and sorted, in the batch size that is fastest here.

    python -m benchmarks.delivery.floors.onnx_loop BUNDLE TEXTS.json THREADS

prints documents a second as JSON. Tokenising, sorting and padding are not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from benchmarks.delivery.floors.peak import flops

SIZES = (8, 16, 32, 64)


def main() -> None:
    bundle, texts, threads = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    ids = sorted((each.ids for each in tokenizer.encode_batch(texts)), key=len)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def feeds(rows: list[list[int]], size: int) -> list[dict[str, np.ndarray]]:
        made = []
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            tokens = np.zeros((len(some), len(some[-1])), dtype=np.int64)
            mask = np.zeros_like(tokens)
            for n, each in enumerate(some):
                tokens[n, : len(each)], mask[n, : len(each)] = each, 1
            made.append({"input_ids": tokens, "attention_mask": mask})
        return made

    def seconds(rows: list[list[int]], size: int) -> float:
        ready = feeds(rows, size)
        begin = time.perf_counter()
        for feed in ready:
            session.run(["probabilities", "embedding"], feed)
        return time.perf_counter() - begin

    sample = ids[:: max(1, len(ids) // 320)]
    seconds(sample, 32)
    best = min(SIZES, key=lambda size: seconds(sample, size))
    flop = flops([len(each) for each in ids]) / len(ids)
    print(json.dumps({"rate": len(ids) / seconds(ids, best), "batch": best, "flop": flop}))


if __name__ == "__main__":
    main()
