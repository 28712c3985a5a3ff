"""Monitoring's promises, measured: false alarms, detection beside peers, estimates, cost, memory.

    make bench-monitoring ARGS="--semeval FOLDER"

writes docs/monitoring.md, docs/monitoring.json and pictures, of what was measured in this run or before (it is kept
below .cache); --only GROUP measures some, --report none. --quick only shows that it runs.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.delivery.machine import processor
from benchmarks.monitoring.groups import KEYS, group
from benchmarks.monitoring.place import ROOT, Place
from benchmarks.monitoring.report import write
from benchmarks.monitoring.rows import Result
from benchmarks.wording import number

BEGIN = time.monotonic()


def tell(line: str) -> None:
    print(f"{time.monotonic() - BEGIN:7.1f} s  {line}", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "benchmarks.monitoring", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--semeval", type=Path, help="SemEval-2017's files; without them `shift` is not measured")
    parser.add_argument("--only", action="append", choices=KEYS, help="measure these; may be said again")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the page of what is kept")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: to see that it runs")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn at random (0)")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "bench-monitoring", help="what is kept")
    parser.add_argument("-o", "--output", type=Path, help="the page's folder: docs, unless --quick")
    return parser.parse_args()


def main() -> int:
    arguments = parsed()
    kept = arguments.work / ("quick" if arguments.quick else "full")
    kept.mkdir(parents=True, exist_ok=True)
    place = Place(arguments.work, tell, arguments.quick, arguments.semeval, arguments.seed)
    for key in () if arguments.report else arguments.only or KEYS:
        if key == "shift" and arguments.semeval is None:
            tell("shift: not measured; name SemEval's files with --semeval")
            continue
        tell(f"{key} …")
        found = group(key).measure(place)
        for row in found.rows:
            tell(f"  {row.title}: {number(row.value)} {row.unit}" + ("" if row.bar is None else f" ({row.bar})"))
        (kept / f"{key}.json").write_text(json.dumps(found.to_json()), encoding="utf-8")
    files = {key: kept / f"{key}.json" for key in KEYS}
    results = {
        key: Result.from_json(json.loads(file.read_text("utf-8"))) for key, file in files.items() if file.exists()
    }
    write(arguments.output or (kept if arguments.quick else ROOT / "docs"), results, about(quick=arguments.quick))
    return 0


def about(*, quick: bool) -> dict[str, Any]:
    """Neither host names nor paths."""
    return {
        "processor": processor(),
        "cores": psutil.cpu_count() or 1,
        "python": platform.python_version(),
        "versions": {each: version(each) for each in ("numpy", "scipy", "onnxruntime")},
        **({"quick": True} if quick else {}),
    }


if __name__ == "__main__":
    sys.exit(main())
