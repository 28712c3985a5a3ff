"""What is known of a set of documents, gathered chunk by chunk. Texts are not kept.

Memory: 170 bytes a document for its fingerprints, and what is bounded besides.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective.parts import DataQuality
from towpath.preparation.quality.fingerprints import Fingerprints, digest
from towpath.preparation.quality.items import Item
from towpath.preparation.quality.schema import mistakes, schema_of
from towpath.preparation.quality.text import inspect, words

__all__ = ["LENGTHS", "OTHER", "Names", "Profile", "Tally"]

LENGTHS = np.unique(np.round(2.0 ** np.arange(0, 20.25, 0.25)).astype(np.int64))
"""Lower bounds of the bins that lengths in characters are counted in."""

OTHER = "(other)"
_ROWS = 100
_WORDS = 40_000


@dataclass
class Tally:
    """How often, and the first rows."""

    count: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, rows: Iterable[int]) -> None:
        for row in rows:
            self.count += 1
            if len(self.rows) < _ROWS:
                self.rows.append(row)

    def plus(self, other: Tally, offset: int) -> Tally:
        return Tally(self.count + other.count, (self.rows + [row + offset for row in other.rows])[:_ROWS])


@dataclass
class Names:
    """Numbers for names: at most `limit`, the rest are one."""

    known: list[str] = field(default_factory=list)
    limit: int = 200

    def number(self, name: str) -> int:
        if name in self.known:
            return self.known.index(name)
        if len(self.known) >= self.limit:
            return self.number(OTHER) if OTHER in self.known else self._new(OTHER)
        return self._new(name)

    def _new(self, name: str) -> int:
        self.known.append(name)
        return len(self.known) - 1


class Profile:
    """Add chunks, or merge profiles of other chunks that were made under the same limits and classes."""

    def __init__(self, limits: DataQuality, classes: Sequence[str] = (), *, now: float) -> None:
        self.limits, self.classes, self.now = limits, tuple(classes), now
        self.documents = 0
        self.labels, self.parts = Names(list(classes)), Names(limit=60)
        self.mistakes: dict[str, Tally] = {}
        self.damage: dict[str, Tally] = {}
        self.personal: dict[str, Tally] = {}
        self.damaged, self.foreign, self.exposed = Tally(), Tally(), Tally()
        self.lengths: NDArray[np.int64] = np.zeros(len(LENGTHS), dtype=np.int64)
        self.languages: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.oldest, self.newest = float("inf"), float("-inf")
        self._schema = schema_of(limits, classes, now)
        self._prints: list[Fingerprints] = []
        self._ids: list[NDArray[np.uint64]] = []

    def add(self, items: Sequence[Item]) -> None:
        """A chunk; some thousand at a time are fast."""
        if not items:
            return
        for name, at in mistakes(items, self._schema).items():
            self.mistakes.setdefault(name, Tally()).add(self.documents + each for each in at)
        said = [words(item.text) for item in items]
        for row, item in enumerate(items, start=self.documents):
            self._inspect(row, item)
        for each in said:
            self.words.update(each)
        if len(self.words) > 2 * _WORDS:
            self.words = Counter(dict(self.words.most_common(_WORDS)))
        self._fingerprint(items, said)
        self.documents += len(items)

    def merge(self, other: Profile) -> None:
        """`other`'s documents come after these."""
        for mine, theirs in (
            (self.mistakes, other.mistakes),
            (self.damage, other.damage),
            (self.personal, other.personal),
        ):
            for name, tally in theirs.items():
                mine[name] = mine.get(name, Tally()).plus(tally, self.documents)
        for name in ("damaged", "foreign", "exposed"):
            setattr(self, name, getattr(self, name).plus(getattr(other, name), self.documents))
        self.lengths = self.lengths + other.lengths
        self.languages += other.languages
        self.words += other.words
        self.oldest, self.newest = min(self.oldest, other.oldest), max(self.newest, other.newest)
        self._prints += [_renumbered(each, other, self) for each in other._prints]
        self._ids += other._ids
        self.documents += other.documents

    def fingerprints(self) -> Fingerprints:
        """Of all documents, in order."""
        self._prints = [Fingerprints.joined(self._prints)]
        return self._prints[0]

    def same_ids(self) -> NDArray[np.intp]:
        """Rows whose id came before."""
        ids = np.concatenate(self._ids) if self._ids else np.empty(0, dtype=np.uint64)
        _, first = np.unique(ids, return_index=True)
        return np.setdiff1d(np.arange(len(ids)), first)

    def _inspect(self, row: int, item: Item) -> None:
        found = inspect(item.text, self.limits.personal_data)
        self.lengths[np.searchsorted(LENGTHS, max(found.length, 1), side="right") - 1] += 1
        self.languages[found.language] += 1
        for kind in found.damage:
            self.damage.setdefault(kind, Tally()).add([row])
        for kind in found.personal:
            self.personal.setdefault(kind, Tally()).add([row])
        wanted = self.limits.languages
        foreign = bool(wanted) and found.language not in (*wanted, "und")
        self.damaged.add([row] if found.damage else [])
        self.exposed.add([row] if found.personal else [])
        self.foreign.add([row] if foreign else [])
        if item.created_at is not None:
            self.oldest, self.newest = min(self.oldest, item.created_at), max(self.newest, item.created_at)

    def _fingerprint(self, items: Sequence[Item], said: list[list[str]]) -> None:
        # A text without words is like no other, and one without anything is the same as no other.
        texts = [item.text if item.text.strip() else uuid.uuid4().hex for item in items]
        read = [each or [text] for each, text in zip(said, texts, strict=True)]
        labels = [self.labels.number(item.label) if item.label else -1 for item in items]
        parts = [self.parts.number(item.part) if item.part else -1 for item in items]
        self._prints.append(Fingerprints.of(texts, read, labels, parts))
        self._ids.append(np.array([digest(item.id or uuid.uuid4().hex) for item in items], dtype=np.uint64))


def _renumbered(prints: Fingerprints, theirs: Profile, mine: Profile) -> Fingerprints:
    labels = np.array([*(mine.labels.number(name) for name in theirs.labels.known), -1], dtype=np.int16)
    parts = np.array([*(mine.parts.number(name) for name in theirs.parts.known), -1], dtype=np.int16)
    return Fingerprints(prints.text, prints.bands, prints.signature, labels[prints.label], parts[prints.part])
