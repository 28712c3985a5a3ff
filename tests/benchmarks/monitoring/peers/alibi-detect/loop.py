"""alibi-detect's online detectors over streams: `loop.py IN.npz OUT.json DETECTOR WINDOW ERT BOOTSTRAPS`.

IN.npz has `reference` (m, d), `rows` (n, d), and `streams` (s, t): which rows come, -1 after the end. Of each
stream the output has at which documents it alarmed, the state thrown away after each as its user would; and once, how
many seconds it took to set thresholds. It stops at the first alarm from `change` on.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
import torch  # noqa: E402
from alibi_detect.cd import LSDDDriftOnline, MMDDriftOnline  # noqa: E402

KINDS = {"mmd": MMDDriftOnline, "lsdd": LSDDDriftOnline}


def alarms(detector: object, rows: np.ndarray, change: int) -> list[int]:
    found: list[int] = []
    detector.reset_state()
    for place, row in enumerate(rows):
        if detector.predict(row, return_test_stat=False)["data"]["is_drift"]:
            found.append(place)
            if place >= change:
                break
            detector.reset_state()
    return found


def main() -> None:
    source, target, kind, window, ert, bootstraps = sys.argv[1:]
    torch.set_num_threads(1)
    for seeded in (random.seed, np.random.seed, torch.manual_seed):
        seeded(0)
    data = np.load(source)
    begun = time.process_time()
    detector = KINDS[kind](
        data["reference"], ert=float(ert), window_size=int(window), backend="pytorch",
        n_bootstraps=int(bootstraps), verbose=False,
    )  # fmt: skip
    configured = time.process_time() - begun
    print(f"{kind} {window}: thresholds set in {configured:.0f} s of a processor", flush=True)
    begun, many, found = time.process_time(), 0, []
    for stream in data["streams"]:
        taken = stream[stream >= 0]
        found.append(alarms(detector, data["rows"][taken], int(data["change"])))
        many += found[-1][-1] + 1 if found[-1] and found[-1][-1] >= data["change"] else len(taken)
    spent = (time.process_time() - begun) / many
    told = {"alarms": found, "configured_s": configured, "document_s": spent}
    Path(target).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
