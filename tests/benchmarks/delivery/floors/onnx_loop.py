"""The floor: ONNX Runtime alone over tokens that are ready and sorted, in the batch size that is fastest here.

    python -m benchmarks.delivery.floors.onnx_loop BUNDLE TEXTS.json THREADS

prints documents a second as JSON. Tokenising, sorting and padding are not counted. How its threads are spent is tried
out, too: together on a batch, spinning at their barriers or not, or side by side on a batch each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from benchmarks.delivery.floors.peak import flops

SIZES = (8, 16, 32, 64)
WAYS = ("spinning", "sleeping", "side by side")


def main() -> None:
    bundle, texts, threads = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])
    tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    ids = sorted((each.ids for each in tokenizer.encode_batch(texts)), key=len)
    sessions = {way: session(bundle, threads, way) for way in WAYS}

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

    def seconds(rows: list[list[int]], size: int, way: str) -> float:
        ready, lanes = feeds(rows, size), threads if way == "side by side" else 1
        with ThreadPoolExecutor(lanes) as pool:
            begin = time.perf_counter()
            waiting = iter(ready)
            for each in [pool.submit(run_all, sessions[way], waiting) for _ in range(lanes)]:
                each.result()
            return time.perf_counter() - begin

    sample = ids[:: max(1, len(ids) // 160)]
    ways = [(size, way) for size in SIZES for way in WAYS]
    for way in WAYS:
        seconds(sample[::4], 16, way)
    best = min(ways, key=lambda each: seconds(sample, *each))
    flop = flops([len(each) for each in ids]) / len(ids)
    found = {"rate": len(ids) / seconds(ids, *best), "batch": best[0], "way": WAYS.index(best[1]), "flop": flop}
    print(json.dumps(found))


def run_all(own: ort.InferenceSession, waiting: Iterator[dict[str, Any]]) -> None:
    """What is left of `waiting`, which others take from, too: a step of a list's iterator is one to Python's lock."""
    for feed in waiting:
        own.run(["probabilities", "embedding"], feed)


def session(bundle: Path, threads: int, way: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1 if way == "side by side" else threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(way == "spinning")))
    return ort.InferenceSession(str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
