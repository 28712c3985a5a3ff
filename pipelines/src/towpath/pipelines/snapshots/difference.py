"""How two snapshots differ: which documents, which classes, and whether what came reads as what was there. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from towpath.pipelines.snapshots.lookup import Part
from towpath.pipelines.snapshots.tally import Reading, annotated
from towpath.pipelines.snapshots.wording import Compared, compare_words

__all__ = ["Difference", "Relabelled", "difference"]


@dataclass(frozen=True)
class Relabelled:
    """A document that is of another class than before; "" is none."""

    document_id: str
    text: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """Ids sorted. `moves` counts relabelled documents by (class before, class after), the most frequent first.

    Shares are of annotated documents, 0 to 1. `class_distance` is the total variation of the two shares, 0 to 1. Words:
    `words` compares all of one with all of the other, `came` what came with what was there (None: too few).
    """

    before: int
    after: int
    added: tuple[str, ...]
    gone: tuple[str, ...]
    annotations_added: int
    annotations_gone: int
    annotations_changed: int
    moves: tuple[tuple[str, str, int], ...]
    relabelled: tuple[Relabelled, ...]
    shares_before: dict[str, float] = field(default_factory=dict)
    shares_after: dict[str, float] = field(default_factory=dict)
    class_distance: float = 0.0
    words: float = 0.0
    came: Compared | None = None

    @property
    def same(self) -> bool:
        changed = (self.annotations_added, self.annotations_gone, self.annotations_changed)
        return not (self.added or self.gone or any(changed))

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def difference(one: Part, other: Part, reading: Reading, *, seed: int = 0) -> Difference:
    """From `one` to `other`, with classes as `reading` takes them."""
    before, after = _classes(one, reading), _classes(other, reading)
    added, gone = tuple(sorted(after.keys() - before.keys())), tuple(sorted(before.keys() - after.keys()))
    moved = sorted(key for key in before.keys() & after.keys() if before[key] != after[key])
    shares = _shares(before), _shares(after)
    words_before, words_after = _words(one, before), _words(other, after)
    texts = [[one.documents[key].text for key in sorted(before)], [other.documents[key].text for key in sorted(after)]]
    came = [other.documents[key].text for key in added]
    return Difference(
        before=len(before),
        after=len(after),
        added=added,
        gone=gone,
        annotations_added=len(words_after.keys() - words_before.keys()),
        annotations_gone=len(words_before.keys() - words_after.keys()),
        annotations_changed=sum(words_before[key] != words_after[key] for key in words_before.keys() & words_after),
        moves=tuple((*pair, count) for pair, count in _counted(before, after, moved)),
        relabelled=tuple(Relabelled(key, other.documents[key].text, before[key], after[key]) for key in moved),
        shares_before=shares[0],
        shares_after=shares[1],
        class_distance=sum(abs(shares[1].get(n, 0) - shares[0].get(n, 0)) for n in {*shares[0], *shares[1]}) / 2,
        words=compare_words(*texts, permutations=0, seed=seed).distance,
        came=compare_words(texts[0], came, seed=seed) if min(len(texts[0]), len(came)) >= _LEAST else None,
    )


_LEAST = 20


def _classes(part: Part, reading: Reading) -> dict[str, str]:
    rows = annotated(part, dated=reading.dated)
    return {document["document_id"]: reading.class_of(document, words) for document, words in rows}


def _words(part: Part, documents: dict[str, str]) -> dict[str, bytes]:
    return {
        key: each.SerializeToString(deterministic=True)
        for key, each in part.words.items()
        if each.document_id in documents
    }


def _counted(before: dict[str, str], after: dict[str, str], moved: list[str]) -> list[tuple[tuple[str, str], int]]:
    return Counter((before[key], after[key]) for key in moved).most_common()


def _shares(classes: dict[str, str]) -> dict[str, float]:
    counted = Counter(classes.values())
    return {name: counted[name] / len(classes) for name in sorted(counted)}
