"""Whether monitoring's memory is flat: ten million predictions by 25 releases, one in twenty labelled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.monitoring.costing.filling import RELEASES
from benchmarks.monitoring.costing.pictures import memory
from benchmarks.monitoring.place import ROOT, Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.unchanged.served import served

__all__ = ["draw", "measure"]

_DOCUMENTS, _QUICK = 10_000_000, 20_000
_MIB = 2**20


def measure(place: Place) -> Result:
    documents = _QUICK if place.quick else _DOCUMENTS
    served(place)
    command = [sys.executable, "-m", "benchmarks.monitoring.costing.filling", str(place.work), str(documents)]
    samples = []
    with subprocess.Popen(
        [*command, str(place.seed)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "OMP_NUM_THREADS": "1"},
    ) as child:  # fmt: skip
        for line in child.stdout or ():
            samples.append(json.loads(line))
            place.tell("  {documents:,} documents, {memory:,} bytes".format(**samples[-1]))
    if child.returncode:
        raise RuntimeError(f"memory was not measured: the process ended with {child.returncode}")
    # The windows of 200,000 labels are the last to be full, after four millions: one document in twenty is labelled.
    rest = [each for each in samples if each["documents"] >= documents / 2]
    ratios = [each["memory"] / rest[0]["memory"] for each in rest]
    row = Row(
        "memory",
        f"monitoring's memory after {documents:,} predictions ÷ after half of them",
        ratios[-1],
        min(ratios),
        max(ratios),
        bar=Bar("at most", 1.05),
        beside=(Beside(f"MiB after {documents:,}", samples[-1]["memory"] / _MIB),),
        notes=(
            "the interval is the least and the most of all samples from the half on: one process, no sampling error; "
            "the windows of 200,000 labels are full after 4 million, where one document in twenty is labelled",
        ),
    )
    about = {
        "predictions": documents, "releases": RELEASES, "labelled": 0.05, "alerts": samples[-1]["alerts"],
        "seed": place.seed,
    }  # fmt: skip
    return Result((row,), {"samples": samples}, about)


def draw(result: Result, folder: Path) -> list[str]:
    name = "monitoring-memory.svg"
    memory(folder / name, result.series["samples"])
    return [name]
