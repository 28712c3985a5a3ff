"""What to label next: where the cheapest decision is still expected to cost most, not many of a kind, and some at
random, for an evaluation that choosing has not bent.

Cost-weighted uncertainty is the expected cost of the best decision (Margineantu, "Active cost-sensitive learning",
IJCAI 2005). Diversity: Zhdanov, "Diverse mini-batch active learning", 2019 (arXiv 1901.05954): of the candidates with
the highest uncertainty, those nearest to the centres of a weighted k-means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from towpath.core.objective import Costs

__all__ = ["Choice", "choose"]

# Candidates for a place in the batch: the published figure lies between 10 and 50; more are less uncertain ones.
_CANDIDATES = 10
# k-means takes time with the square of a batch; a larger one is made of several.
_BATCH = 200

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Choice:
    """Document `index` is to be labelled. `expected_cost` in the objective's unit, of deciding on it as of now."""

    index: int
    why: Literal["uncertain", "evaluation"]
    expected_cost: float


def choose(
    features: NDArray[np.floating],
    probabilities: Floats,
    reserved: NDArray[np.bool_],
    costs: Costs,
    *,
    count: int,
    evaluation_share: float,
    seed: int = 0,
) -> list[Choice]:
    """Which of n documents without labels to label next, in an order that may be broken off at any place.

    Args:
        features: (n, D), as sentence embeddings: what is near is alike.
        probabilities: (n, K) of the classes as of now; all the same where nothing is known yet.
        reserved: (n,) documents that only evaluation may have, drawn without looking at their content. As uncertain
            documents are never taken from them, what is drawn at random there stays a fair sample in later rounds too.
        costs: of the objective; asking a person bounds what a document can cost.
        count: of choices; fewer when there are fewer documents.
        evaluation_share: of `count`, 0 to 1, drawn at random among `reserved`.
    """
    random = np.random.default_rng(seed)
    expected = costs.decide(probabilities).expected_cost
    kept_apart, free = np.flatnonzero(reserved), np.flatnonzero(~reserved)
    wanted = min(round(count * evaluation_share), len(kept_apart))
    evaluation = random.permutation(kept_apart)[:wanted]
    uncertain = _diverse(np.asarray(features, dtype=np.float64), expected, free, count - wanted, random)
    chosen = [Choice(int(n), "evaluation", float(expected[n])) for n in evaluation]
    chosen += [Choice(int(n), "uncertain", float(expected[n])) for n in uncertain]
    return [chosen[n] for n in random.permutation(len(chosen))]


def _diverse(rows: Floats, cost: Floats, free: Indices, count: int, random: np.random.Generator) -> Indices:
    """`count` of the `free`: by batches, each of the costliest that are left and not alike."""
    chosen: list[Indices] = []
    left = free
    for at in range(0, min(count, len(free)), _BATCH):
        size = min(_BATCH, count - at, len(left))
        # Ties (all documents that a person would be asked about cost the same) are broken by chance.
        ranked = random.permutation(left)
        ranked = ranked[np.argsort(-cost[ranked], kind="stable")][: size * _CANDIDATES]
        batch = _nearest_to_centres(rows, cost, ranked, size, int(random.integers(2**31)))
        chosen.append(batch)
        left = np.setdiff1d(left, batch)
    return np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.intp)


def _nearest_to_centres(rows: Floats, cost: Floats, ranked: Indices, size: int, seed: int) -> Indices:
    if len(ranked) <= size:
        return ranked
    different = len(np.unique(rows[ranked], axis=0))
    # A document of no cost still has a little weight: k-means wants some.
    weight = cost[ranked] + 1e-6 * (1.0 + cost.max())
    means = KMeans(min(size, different), n_init=1, max_iter=20, random_state=seed)
    distance = means.fit(rows[ranked], sample_weight=weight).transform(rows[ranked])
    near = dict.fromkeys(ranked[distance.argmin(axis=0)].tolist())
    # Two centres may have the same nearest document; the costliest fill up.
    return np.array([*near, *(each for each in ranked.tolist() if each not in near)][:size], dtype=np.intp)
