"""Evidently over streams, a window after the other: detection.py IN.npz OUT.json.

Its drift of embeddings (a classifier's AUC; the distance of the means) and its default tests of columns, of which the
least p-value counts. Each is given the threshold that `null` windows of unchanged documents pass with the share
`error`. Of each stream the output has, for each, the document after which it fires, from the change on.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.metrics.data_drift.embedding_drift_methods import distance, model

CATEGORICAL = ("class", "decision")


def columns(now: pd.DataFrame, before: pd.DataFrame) -> float:
    """The higher the more it has drifted: 1 less the least p-value."""
    least = 1.0
    for column in now:
        kind = "cat" if column in CATEGORICAL else "num"
        test = get_stattest(before[column], now[column], kind, None)
        least = min(least, float(test(before[column], now[column], kind, None).drift_score))
    return 1 - least


def main() -> None:
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1], allow_pickle=False)
    table = pd.DataFrame({str(each): data[f"column {each}"] for each in data["columns"]})
    embeddings, reference, change = pd.DataFrame(data["rows"]), data["reference_rows"], int(data["change"])
    width, error = int(data["window"]), float(data["error"])
    methods: dict[str, Callable[[np.ndarray], float]] = {
        "classifier": lambda rows: model()(embeddings.iloc[rows].copy(), embeddings.iloc[reference].copy())[0],
        "distance": lambda rows: distance()(embeddings.iloc[rows].copy(), embeddings.iloc[reference].copy())[0],
        "columns": lambda rows: columns(table.iloc[rows], table.iloc[reference]),
    }
    found, begun = {}, time.process_time()
    for name, score in methods.items():
        quiet = sorted(float(score(rows)) for rows in data["null"])
        threshold = quiet[int(np.ceil((1 - error) * len(quiet))) - 1]
        fired = []
        for stream in data["streams"]:
            starts = range(change, len(stream) - width + 1, width)
            over = (at + width for at in starts if score(stream[at : at + width]) > threshold)
            fired.append(next(over, None))
        found[name] = {"threshold": threshold, "fired": fired}
        print(name, f"{time.process_time() - begun:.0f} s", flush=True)
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
