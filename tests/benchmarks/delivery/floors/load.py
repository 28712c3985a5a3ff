"""Documents by the clock, whatever becomes of them (open loop): a Poisson stream into a topic.

    python -m benchmarks.delivery.floors.load SERVERS TOPIC TEXTS.json RATE SECONDS FIRST

`FIRST` is the number of the first document. Prints when each was due, in seconds of the monotonic clock, as JSON: who
measures from then on does not forgive a slow answer what it held up (coordinated omission).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.delivery.wire import document, sender


def main() -> None:
    servers, topic, texts = sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text())
    rate, seconds, first = float(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
    gaps = np.random.default_rng(first).exponential(1 / rate, int(rate * seconds))
    producer = sender(servers, **{"linger.ms": 0})
    producer.list_topics(topic, 10)
    due = time.monotonic() + 0.5 + np.cumsum(gaps)
    for n, moment in enumerate(due, start=first):
        while (left := moment - time.monotonic()) > 0:
            producer.poll(0)
            time.sleep(min(left, 0.05))
        key, value, headers = document(f"d{n}", texts[n % len(texts)])
        producer.produce(topic, value, key.encode(), headers=headers)
        producer.poll(0)
    producer.flush(60)
    print(json.dumps({"first": first, "due": due.tolist()}))


if __name__ == "__main__":
    main()
