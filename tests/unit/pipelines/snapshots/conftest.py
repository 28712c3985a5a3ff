"""Topics in memory, whose clock the test sets, and a depot in a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.pipelines.snapshots.depot import Depot
from towpath.pipelines.snapshots.making import Made, make
from towpath.pipelines.snapshots.tally import Reading
from towpath.v1 import Annotation, ClassLabel, Document

START = 1_700_000_000


class Town:
    """Documents and annotations arrive at `now`, seconds after the start; `depot` keeps snapshots of them."""

    def __init__(self, home: Path) -> None:
        self.now = 0
        self.broker = MemoryBroker(clock=lambda: START + self.now)
        self.registry = Registry.load("t.")
        self.broker.create_topics(self.registry.specs())
        self.home = home
        self.depot = Depot.open(None, home)

    def moment(self, second: float) -> datetime:
        return datetime.fromtimestamp(START + second, UTC)

    def send(self, *messages: Document | Annotation) -> None:
        with self.broker.producer(client_id="test") as producer:
            for each in messages:
                name = "documents" if isinstance(each, Document) else "annotations"
                key = each.document_id or getattr(each, "annotation_id", "")
                producer.send([Codec().encode(each, topic=self.registry.full_name(name), key=key)], timeout_s=1)

    def annotated(self, *numbers: int, label: str = "cat") -> None:
        for n in numbers:
            self.send(document(n), word(n, label=label))

    def make(self, reading: Reading | None = None, **how: Any) -> Made:
        return make(self.broker, self.registry, self.depot, reading or Reading(), **how)

    def anew(self, home: Path, reading: Reading | None = None, **how: Any) -> Made:
        """By somebody who has no snapshots."""
        return make(self.broker, self.registry, Depot.open(None, home), reading or Reading(), **how)


def document(n: int, text: str = "") -> Document:
    return Document(document_id=f"doc-{n}", text=text or f"text number {n}")


def word(n: int, rater: str = "r", label: str = "cat", at: int = 0, **changed: Any) -> Annotation:
    given = {"document_id": f"doc-{n}", "rater_id": rater, "class_label": ClassLabel(label=label)} | changed
    made = Annotation(annotation_id=f"a-{n}-{rater}", **given)
    made.updated_at.FromSeconds(START + at)
    return made


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "home")
