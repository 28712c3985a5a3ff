"""Anchors of a bundle's sketches, from the embeddings that its head was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from towpath.model.sketch import Anchors

__all__ = ["CLUSTERS", "fitted_anchors"]

Floats = NDArray[np.float64]
CLUSTERS = 11
_LEAST, _MOST = 50, 5000
_ROUNDS = 20


def fitted_anchors(embeddings: NDArray[np.floating], *, seed: int) -> bytes | None:
    """The bundle's file: the mean of the embeddings (n, D), of unit length, and the means of 11 clusters of them.

    Clusters are those of spherical k-means (Dhillon & Modha, "Concept decompositions for large sparse text data using
    clustering", Machine Learning 42, 2001). None where there are fewer than 50 embeddings.
    """
    if len(embeddings) < _LEAST:
        return None
    random = np.random.default_rng(seed)
    rows = embeddings[random.permutation(len(embeddings))[:_MOST]].astype(np.float64)
    found = np.vstack([rows.mean(axis=0), _clusters(rows, random)])
    entries = np.rint(found * (127 / np.maximum(np.abs(found).max(axis=1, keepdims=True), 1e-12))).astype(np.int8)
    entries = entries[entries.any(axis=1)]
    if not len(entries):
        return None
    wide = entries.astype(np.float64)
    cosines = rows @ (wide / np.linalg.norm(wide, axis=1, keepdims=True)).T
    return Anchors.written(entries, cosines.mean(axis=0), np.maximum(cosines.std(axis=0), 1e-6))


def _clusters(rows: Floats, random: np.random.Generator) -> Floats:
    means = rows[random.choice(len(rows), CLUSTERS, replace=False)]
    for _ in range(_ROUNDS):
        nearest = (rows @ means.T).argmax(axis=1)
        # One that nothing is near to begins anew somewhere.
        sums = [rows[nearest == each].sum(axis=0) if (nearest == each).any() else None for each in range(CLUSTERS)]
        moved = np.stack([rows[random.integers(len(rows))] if each is None else each for each in sums])
        means = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return means
