"""Ten million predictions, and how much memory the process has meanwhile: a process of its own.

    python -m benchmarks.monitoring.costing.filling WORK DOCUMENTS SEED

prints a line of JSON at each sample.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

import psutil

from benchmarks.monitoring.costing.feed import Feed, Traffic
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.unchanged.served import served

SAMPLES = 40
RELEASES = 25
_POLL = 2000


def main() -> None:
    work, documents, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    known = served(Place(work, lambda line: print(line, file=sys.stderr), seed=seed))
    feed, traffic, process = Feed(), Traffic(known, seed), psutil.Process()
    begin, reign = time.monotonic(), max(1, documents // RELEASES)
    for sample in range(1, SAMPLES + 1):
        until = documents * sample // SAMPLES
        while traffic.documents < until:
            release_id = f"rel-{traffic.documents // reign:03d}"
            if traffic.documents % reign == 0:
                feed.release(known, release_id)
            # A release's last poll is cut, so that the next one begins with one of its own.
            count = min(_POLL, until - traffic.documents, reign - traffic.documents % reign)
            for records in traffic.polls(count, _POLL, release_id):
                feed.poll(records, traffic.now)
        gc.collect()
        told = {
            "documents": traffic.documents,
            "memory": process.memory_info().rss,
            "seconds": time.monotonic() - begin,
            "alerts": feed.told,
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
