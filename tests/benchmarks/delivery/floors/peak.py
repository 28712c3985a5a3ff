"""The most that this processor multiplies, and what a document costs.

    python -m benchmarks.delivery.floors.peak THREADS

prints floating point operations a second of sgemm as JSON, by numpy's BLAS and by ONNX Runtime's; the better counts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
from threadpoolctl import threadpool_limits

# Shapes of the encoder's own products, many tokens at once, and a square that is known to be kind.
SHAPES = ((2048, 384, 1536), (1024, 1024, 1024))
_SECONDS = 0.7


def flops(lengths: Sequence[int], *, hidden: int = 384, inner: int = 1536, layers: int = 6) -> float:
    """Of the encoder over documents of so many tokens: a multiplication and an addition are two. No padding."""
    tokens, squares = sum(lengths), sum(each * each for each in lengths)
    products = 2 * tokens * (4 * hidden * hidden + 2 * hidden * inner)
    attention = 2 * 2 * squares * hidden
    return float(layers * (products + attention))


def _best(work: Callable[[], object], count: float) -> float:
    work()
    best, until = 0.0, time.perf_counter() + _SECONDS
    while time.perf_counter() < until:
        begin = time.perf_counter()
        work()
        best = max(best, count / (time.perf_counter() - begin))
    return best


def _onnx(threads: int, m: int, k: int, n: int) -> Callable[[], object]:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("a", [m, k]), ("b", [k, n]))
    ]
    output = helper.make_tensor_value_info("c", TensorProto.FLOAT, [m, n])
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "g", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    feed = {"a": random.random((m, k), dtype=np.float32), "b": random.random((k, n), dtype=np.float32)}
    return lambda: session.run(None, feed)


def main() -> None:
    threads, found = int(sys.argv[1]), dict.fromkeys(("numpy", "onnxruntime"), 0.0)
    for m, k, n in SHAPES:
        a, b = np.ones((m, k), dtype=np.float32), np.ones((k, n), dtype=np.float32)
        with threadpool_limits(threads):
            found["numpy"] = max(found["numpy"], _best(partial(np.matmul, a, b), 2 * m * k * n))
        found["onnxruntime"] = max(found["onnxruntime"], _best(_onnx(threads, m, k, n), 2 * m * k * n))
    print(json.dumps({**found, "peak": max(found.values())}))


if __name__ == "__main__":
    main()
