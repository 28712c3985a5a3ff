"""What renewing a snapshot costs beside making it anew: `python tests/benchmarks/snapshots.py TEXTS [COUNT] [ROUNDS]`.

TEXTS is a file with a text a line (of tab separated lines the last filled column). COUNT documents (50,000) with three
annotations each go to a real Kafka. Each round then sends one in a hundred: half of it new documents with their
annotations, half other words of raters on documents drawn from all. Both ways make the same snapshot of that, in turns
first; seconds are the wall's, and this process's own; bytes are those of chunks that were not there.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from towpath.cli.local import LocalKafka
from towpath.core.stream import Broker, Codec, KafkaBroker, Message, Registry
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.making import Made, make
from towpath.pipelines.snapshots.tally import Reading
from towpath.v1 import Annotation, ClassLabel, Document

CLASSES, RATERS = ("negative", "neutral", "positive"), 3
REGISTRY = Registry.load("bench.")


class Topics:
    """Documents and annotations, the same ones each time."""

    def __init__(self, broker: Broker, texts: list[str]) -> None:
        self.broker, self.texts, self.drawn, self.count, self.changes = broker, texts, random.Random(1), 0, 0

    def send(self, new: int, changed: int = 0) -> None:
        messages = list[Message]()
        for n in range(self.count, self.count + new):
            messages.append(encoded(Document(document_id=f"d{n}", text=f"{self.drawn.choice(self.texts)} {n}")))
            messages += [self._word(n, rater) for rater in range(RATERS)]
        messages += [self._word(self.drawn.randrange(self.count), self.drawn.randrange(RATERS)) for _ in range(changed)]
        self.count += new
        with self.broker.producer(client_id="bench") as producer:
            for begin in range(0, len(messages), 5000):
                producer.send(messages[begin : begin + 5000], timeout_s=60)

    def _word(self, document: int, rater: int) -> Message:
        self.changes += 1
        label = ClassLabel(label=self.drawn.choice(CLASSES))
        made = Annotation(annotation_id=f"a{document}-{rater}", document_id=f"d{document}", rater_id=f"r{rater}",
                          class_label=label)  # fmt: skip
        made.updated_at.FromSeconds(1_700_000_000 + self.changes)
        return encoded(made)


def encoded(message: Document | Annotation) -> Message:
    name = "documents" if isinstance(message, Document) else "annotations"
    return Codec().encode(message, topic=REGISTRY.full_name(name), key=message.document_id)


def timed(broker: Broker, depot: Depot) -> tuple[dict[str, float], Made]:
    """(seconds and megabytes, what was made)."""
    before = {file.name for file in depot.cache.glob("*.parquet")}
    began, used = time.perf_counter(), time.process_time()
    made = make(broker, REGISTRY, depot, Reading())
    seconds, mine = time.perf_counter() - began, time.process_time() - used
    new = sum(file.stat().st_size for file in depot.cache.glob("*.parquet") if file.name not in before)
    return {"s": seconds, "s of a core": mine, "MB": new / 1e6}, made


def main() -> None:
    file = Path(sys.argv[1])
    count, rounds = (int(each) for each in [*sys.argv[2:4], *("50000", "10")[len(sys.argv[2:4]) :]])
    lines = file.read_text(encoding="utf-8").split("\n")
    texts = [line.rstrip("\t").rsplit("\t", 1)[-1] for line in lines if line.strip()]
    with (
        TemporaryDirectory() as folder,
        LocalKafka(Path(folder) / "kafka") as kafka,
        KafkaBroker(kafka.settings) as broker,
    ):
        broker.create_topics(REGISTRY.specs())
        topics, kept = Topics(broker, texts), Depot.open(None, Path(folder) / "kept")
        topics.send(count)
        timed(broker, kept)
        ratios = defaultdict[str, list[float]](list)
        for n in range(rounds):
            topics.send(count // 200, RATERS * count // 200)
            anew = Depot.open(None, Path(folder) / f"anew-{n}")
            found = {depot: timed(broker, depot) for depot in ((kept, anew) if n % 2 else (anew, kept))}
            (mine, made), (full, other) = found[kept], found[anew]
            assert made.manifest.id == other.manifest.id
            said = [f"{made.messages:,} of {other.messages:,} messages ({made.messages / other.messages:.2%})"]
            for unit, figure in mine.items():
                ratios[unit].append(figure / full[unit])
                said.append(f"{figure:.2f} of {full[unit]:.2f} {unit} ({ratios[unit][-1]:.2%})")
            print("; ".join(said), flush=True)
    for unit, values in ratios.items():
        print(f"{unit}: median {statistics.median(values):.2%}, {min(values):.2%} to {max(values):.2%}")


if __name__ == "__main__":
    main()
