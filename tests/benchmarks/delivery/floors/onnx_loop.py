"""The floor: ONNX Runtime alone over tokens that are ready and sorted, in the batch size that is fastest here.

    python -m benchmarks.delivery.floors.onnx_loop BUNDLE TEXTS.json THREADS

prints documents a second as JSON. Whether its threads spin is tried out, too. Tokenising,
sorting and padding are not counted.
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
    sessions = {spinning: session(bundle, threads, spinning) for spinning in (True, False)}

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

    def seconds(rows: list[list[int]], size: int, spinning: bool) -> float:
        ready, run = feeds(rows, size), sessions[spinning].run
        begin = time.perf_counter()
        for feed in ready:
            run(["probabilities", "embedding"], feed)
        return time.perf_counter() - begin

    sample = ids[:: max(1, len(ids) // 160)]
    ways = [(size, spinning) for size in SIZES for spinning in (True, False)]
    for spinning in (True, False):
        seconds(sample[::4], 16, spinning)
    best = min(ways, key=lambda way: seconds(sample, *way))
    flop = flops([len(each) for each in ids]) / len(ids)
    print(json.dumps({"rate": len(ids) / seconds(ids, *best), "batch": best[0], "spinning": best[1], "flop": flop}))


def session(bundle: Path, threads: int, spinning: bool) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    return ort.InferenceSession(str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
