"""How frequent classes are, by mean probabilities: of several samples at once.

Black-box shift estimation (Lipton, Wang & Smola, ICML 2018), with mean probabilities in the place of counts: if
documents of a class are as they were, and only the classes' shares have changed, the mean probabilities of live
documents are those of each class's judged documents, mixed by the new shares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["class_shares", "sampled_shares"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_ROUNDS = 200
_WORST_CONDITION = 1e3


def class_shares(probabilities: Floats, truths: Ints, live: Floats) -> Floats | None:
    """(K,) of classes among documents whose mean probabilities are `live` (K,).

    The mixture of the judged documents' (n, K) that is nearest, each class's share above 0. None where a class has no
    judged document, or where classes cannot be told apart by their probabilities.
    """
    found = sampled_shares(probabilities.T[None], truths, np.ones((1, len(truths))), live[None])[0]
    return found if np.isfinite(found).all() else None


def sampled_shares(probabilities: Floats, truths: Ints, counts: Floats, live: Floats) -> Floats:
    """The same (s, K) of s samples of the judged documents, NaN where there is none.

    `probabilities` (s, K, n), in which each document is `counts` (s, n) times; `live` (s, K).
    """
    samples, classes = live.shape
    weights = counts[:, None] * (truths == np.arange(classes)[:, None])
    of_class = weights.sum(axis=2)
    mixing = np.einsum("skn,sjn->skj", probabilities, weights) / np.maximum(of_class, 1)[:, None]
    mixing[(of_class == 0).any(axis=1)] = np.eye(classes)
    told = (of_class > 0).all(axis=1) & (np.linalg.cond(mixing) <= _WORST_CONDITION)
    found = np.full((samples, classes), np.nan)
    if told.any():
        found[told] = _nearest(mixing[told], live[told])
    return found


def _nearest(mixing: Floats, live: Floats) -> Floats:
    """Shares q (s, K), none below 0 and 1 in all, for which `mixing` (s, K, K) times q is nearest to `live` (s, K)."""
    found = np.asarray(np.linalg.solve(mixing, live[:, :, None])[:, :, 0], dtype=np.float64)
    bound = (found < 0).any(axis=1)
    found[~bound] /= found[~bound].sum(axis=1, keepdims=True)
    if bound.any():
        found[bound] = _descended(mixing[bound], live[bound])
    return found


def _descended(mixing: Floats, live: Floats) -> Floats:
    """By the gradient, back among shares after each step."""
    step: Floats = 1 / np.linalg.norm(mixing, 2, axis=(1, 2))[:, None] ** 2
    shares: Floats = np.full(live.shape, 1 / live.shape[1])
    for _ in range(_ROUNDS):
        apart: Floats = np.einsum("skj,sj->sk", mixing, shares) - live
        shares = _on_simplex(shares - step * np.einsum("skj,sk->sj", mixing, apart))
    return shares


def _on_simplex(points: Floats) -> Floats:
    """The nearest ones (s, K) whose parts are none below 0 and 1 in all (Duchi et al., ICML 2008)."""
    ordered = np.sort(points, axis=1)[:, ::-1]
    beyond = (np.cumsum(ordered, axis=1) - 1) / np.arange(1, points.shape[1] + 1)
    last = points.shape[1] - 1 - (ordered > beyond)[:, ::-1].argmax(axis=1)
    found: Floats = np.maximum(points - np.take_along_axis(beyond, last[:, None], axis=1), 0.0)
    return found
