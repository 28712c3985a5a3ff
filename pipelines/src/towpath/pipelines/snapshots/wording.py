"""How far apart two sets of texts are by their words.

The distance is Jensen and Shannon's, of the shares that words have: 0 for the same words as often, 1 for none in common
(Endres & Schindelin, "A new metric for probability distributions", 2003). Few texts are far from many by chance alone,
so it is held against that of as many texts drawn from both (a permutation test).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compared", "compare_words"]

_MOST_TEXTS, _COLUMNS, _PERMUTATIONS = 20_000, 2**14, 199


@dataclass(frozen=True)
class Compared:
    """`distance` 0 to 1; by chance it lies between `low` and `high` in 95 of 100 draws; `p` of a permutation test."""

    distance: float
    low: float = 0.0
    high: float = 0.0
    p: float = 1.0


def compare_words(
    one: Sequence[str], other: Sequence[str], *, permutations: int = _PERMUTATIONS, seed: int = 0
) -> Compared:
    """Two sets of texts; of more than 20,000 a sample is read. Without permutations only the distance is told."""
    from sklearn.feature_extraction.text import HashingVectorizer

    drawn = np.random.default_rng(seed)
    texts = [*_sample(one, drawn), *_sample(other, drawn)]
    if not one or not other:
        return Compared(0.0 if len(one) == len(other) else 1.0)
    counts = HashingVectorizer(n_features=_COLUMNS, alternate_sign=False, norm=None, dtype=np.float32).transform(texts)
    mine = np.arange(len(texts)) < min(len(one), _MOST_TEXTS)
    total = np.asarray(counts.sum(axis=0)).ravel()
    found = _distance(counts.T @ mine.astype(np.float32), total)
    if not permutations:
        return Compared(found)
    draws = (drawn.permutation(mine).astype(np.float32) for _ in range(permutations))
    chance = np.array([_distance(counts.T @ each, total) for each in draws])
    low, high = np.quantile(chance, (0.025, 0.975))
    p = (1 + int((chance >= found).sum())) / (1 + permutations)
    return Compared(found, float(low), float(high), p)


def _distance(some: NDArray[np.float32], total: NDArray[np.float32]) -> float:
    from scipy.spatial.distance import jensenshannon

    rest = total - some
    if not some.any() or not rest.any():
        return 0.0 if some.any() == rest.any() else 1.0
    return float(jensenshannon(some, rest, base=2))


def _sample(texts: Sequence[str], drawn: np.random.Generator) -> Sequence[str]:
    if len(texts) <= _MOST_TEXTS:
        return texts
    return [texts[n] for n in drawn.choice(len(texts), _MOST_TEXTS, replace=False)]
