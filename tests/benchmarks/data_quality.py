"""How fast documents are checked, and in how much memory: `python tests/benchmarks/data_quality.py TEXTS [COUNT]`.

TEXTS is a file with a text a line (of tab separated lines the last filled column). Documents are made of halves of
them, so that words, lengths and damage are real; one in fifty is a copy, and one in fifty nearly one.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from towpath.core.objective.parts import DataQuality, PersonalData
from towpath.preparation.quality.audit import audit
from towpath.preparation.quality.items import Item

LIMITS = DataQuality(languages=("en",), personal_data=PersonalData(region="US"))
CLASSES = ("negative", "neutral", "positive")


def documents(texts: list[str], count: int) -> Iterator[Item]:
    """The same ones each time."""
    drawn, last = random.Random(1), "the first"
    for n in range(count):
        kind = n % 50
        if kind == 7:
            text = last
        elif kind == 8:
            text = f"{last} {drawn.choice(CLASSES)}"
        else:
            one, other = drawn.choice(texts).split(), drawn.choice(texts).split()
            text = " ".join(one[: len(one) // 2] + other[len(other) // 2 :])
        last = text
        yield Item(f"d{n}", text, drawn.choice(CLASSES), "test" if n % 5 == 0 else "train", 1.4e9 + n)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    file, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    lines = file.read_text(encoding="utf-8").split("\n")
    texts = [line.rstrip("\t").rsplit("\t", 1)[-1] for line in lines if line.strip()]
    began = time.perf_counter()
    made = sum(1 for _ in islice(documents(texts, count), 100_000)) / (time.perf_counter() - began)
    audit(lambda: documents(texts, 1000), LIMITS, CLASSES, test_parts=["test"])  # what is loaded once
    before, began, cpu = peak_mib(), time.perf_counter(), time.process_time()
    report = audit(lambda: documents(texts, count), LIMITS, CLASSES, test_parts=["test"], on_progress=tell)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"\n{count:,} documents in {seconds:.1f} s ({used:.1f} s of one core): {count / seconds:,.0f} documents/s")
    print(f"(making them alone: {made:,.0f} documents/s, twice)")
    print(f"peak memory {peak_mib():,.0f} MiB, of which {before:,.0f} MiB before the first document")
    for each in report.findings:
        print(f"{each.severity:8} {each.check:16} {each.said}")


def tell(done: int) -> None:
    if done % 100_000 == 0:
        print(f"{done:,} … {peak_mib():,.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
