"""Predicting in one's own process: `python -m benchmarks.delivery.floors.single BUNDLE TEXTS.json THREADS COUNT`.

Prints the median and the 99th percentile of `Model.predict([text])`, in seconds, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from towpath.model import Model


def main() -> None:
    texts, threads, count = json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3]), int(sys.argv[4])
    model = Model.load(sys.argv[1], threads=threads)
    model.predict(texts[:32])
    taken = []
    for n in range(count):
        text = texts[n % len(texts)]
        begin = time.perf_counter()
        model.predict([text])
        taken.append(time.perf_counter() - begin)
    print(json.dumps({"p50": float(np.median(taken)), "p99": float(np.quantile(taken, 0.99))}))


if __name__ == "__main__":
    main()
