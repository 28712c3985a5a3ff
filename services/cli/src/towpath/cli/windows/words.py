"""The words whose share changed most between two sets of texts.

Log-odds with an informative prior (Monroe, Colaresi & Quinn, "Fightin' Words", Political Analysis 16(4), 2008): what is
rare on both sides has to prove itself, and what is frequent on both does not win by size alone. What is counted is
documents that have a word and documents that do not, so their Dirichlet prior is a beta here: neither one document that
repeats itself nor longer documents than before change the share of a word.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Word", "changed"]

_PRIOR = 50.0
"""Documents' worth of the prior: what both sides say together, as if that many had been read beforehand on either."""

_SURE = 3.0
"""Standard errors from none. Of thousands of words some are two by chance."""


@dataclass(frozen=True, slots=True)
class Word:
    """`now` and `before` are shares of documents that have it, 0 to 1; `z` is its change in standard errors."""

    word: str
    now: float
    before: float
    z: float


def changed(now: Sequence[Iterable[str]], before: Sequence[Iterable[str]], count: int) -> list[Word]:
    """At most `count` words of documents (each given as its words), the most changed first; none that may be chance."""
    if not (now and before):
        return []
    sides = [Counter(word for document in side for word in set(document)) for side in (now, before)]
    found = [
        Word(word, sides[0][word] / len(now), sides[1][word] / len(before), z)
        for word, seen in (sides[0] + sides[1]).items()
        if abs(z := _z(sides[0][word], len(now), sides[1][word], len(before), seen)) >= _SURE
    ]
    return sorted(found, key=lambda each: (-abs(each.z), each.word))[:count]


def _z(now: int, documents_now: int, before: int, documents_before: int, seen: int) -> float:
    share = seen / (documents_now + documents_before)
    difference, variance = 0.0, 0.0
    for sign, have, documents in ((1, now, documents_now), (-1, before, documents_before)):
        # Half a document each, so that a word of all documents has odds, too.
        with_, without = have + _PRIOR * share + 0.5, documents - have + _PRIOR * (1 - share) + 0.5
        difference += sign * math.log(with_ / without)
        variance += 1 / with_ + 1 / without
    return difference / math.sqrt(variance)
