"""What is known of a snapshot's content without reading it: the sum behind its id, and counts. Goes up and down."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from towpath.core.objective import Objective
from towpath.pipelines.snapshots.content import Row, annotation_row, document_row, element
from towpath.pipelines.snapshots.lookup import Part
from towpath.pipelines.snapshots.manifest import Manifest
from towpath.pipelines.snapshots.multiset import Multiset
from towpath.pipelines.steps.examples import class_of

__all__ = ["Reading", "Tally"]


@dataclass(frozen=True)
class Reading:
    """How messages are read: whether it is content when a document was made, and whose classes are counted."""

    dated: bool = False
    objective: Objective | None = None

    @property
    def hash(self) -> str:
        return self.objective.hash if self.objective is not None else ""

    def class_of(self, document: Row, annotations: Sequence[Row]) -> str:
        """What training would take it for; without an objective, what most raters said. "" is none."""
        if self.objective is not None:
            return class_of(document["text"], list(annotations), self.objective)[1] or ""
        votes = Counter(row["label"] for row in annotations if row["label"])
        return min(votes, key=lambda name: (-votes[name], name)) if votes else ""


@dataclass
class Tally:
    """`raters` and `classes` count annotations and documents; `documents` are those that have an annotation."""

    content: Multiset = field(default_factory=Multiset)
    documents: int = 0
    annotations: int = 0
    raters: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, manifest: Manifest) -> Tally:
        return cls(
            Multiset.from_text(manifest.state),
            manifest.document_count,
            manifest.annotation_count,
            Counter(manifest.raters),
            Counter(manifest.classes),
        )

    def add(self, part: Part, reading: Reading) -> None:
        self._change(part, reading, 1)

    def remove(self, part: Part, reading: Reading) -> None:
        """What `add` was given, or a part of it of which every document is whole."""
        self._change(part, reading, -1)

    def _change(self, part: Part, reading: Reading, sign: int) -> None:
        elements = list[bytes]()
        for document, rows in annotated(part, dated=reading.dated):
            elements.append(element(document, rows))
            self.documents += sign
            self.annotations += sign * len(rows)
            self.classes[reading.class_of(document, rows)] += sign
            for row in rows:
                self.raters[row["rater_id"]] += sign
        (self.content.add if sign > 0 else self.content.remove)(elements)


def annotated(part: Part, *, dated: bool) -> Iterator[tuple[Row, list[Row]]]:
    """Each document that somebody annotated, and its annotations, as rows."""
    words = defaultdict[str, list[Row]](list)
    for each in part.words.values():
        words[each.document_id].append(annotation_row(each))
    for key, document in part.documents.items():
        if key in words:
            yield document_row(document, dated=dated), words[key]
