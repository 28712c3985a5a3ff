"""The bootstrap of the cost under label shift: judged and live documents drawn again, many draws at once.

A draw is how often each document is in it, so nothing is copied, and each of Newton's steps is one for several draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.performance.calibrate import Calibration, fitted, log_rows, odds_of
from towpath.monitoring.domain.performance.shares import sampled_shares

__all__ = ["Decided", "resampled"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
# Draws at once: what they need stays in the processor's cache.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Decided:
    """n live documents: `probabilities` (n, K), and decisions (n,)."""

    probabilities: Floats
    labels: Ints
    ask: NDArray[np.bool_]


def resampled(
    judged: Floats,
    truths: Ints,
    live: Decided,
    costs: Costs,
    start: Calibration,
    draws: int,
    random: np.random.Generator,
) -> Floats:
    """Mean costs of a live document in each of the draws; those in which shares cannot be told are left out.

    `judged` (m, K) probabilities, with `truths` (m,). `start`: what all judged documents are calibrated to.
    """
    olds, news = np.empty((draws, len(truths))), np.empty((draws, len(live.labels)))
    for old, new in zip(olds, news, strict=True):
        old[:] = np.bincount(random.integers(len(old), size=len(old)), minlength=len(old))
        new[:] = np.bincount(random.integers(len(new), size=len(new)), minlength=len(new))
    sides, first = (log_rows(judged), log_rows(live.probabilities)), np.array([start.slope, *start.addends])
    found = np.full(draws, np.nan)
    for begin in range(0, draws, _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        points = fitted(sides[0], truths, olds[some], first)
        found[some] = _priced(points, sides, truths, olds[some], news[some], live, costs)
    told: Floats = found[np.isfinite(found)]
    return told


def _priced(
    points: Floats,
    sides: tuple[Floats, Floats],
    truths: Ints,
    olds: Floats,
    news: Floats,
    live: Decided,
    costs: Costs,
) -> Floats:
    """(s,) of s draws, NaN where shares cannot be told; `points` are their calibrations, `sides` logarithms."""
    then, now = (odds / odds.sum(axis=1, keepdims=True) for odds in (odds_of(points, each) for each in sides))
    means = np.einsum("skn,sn->sk", now, news) / news.sum(axis=1, keepdims=True)
    shares = sampled_shares(then, truths, olds, means)
    before = olds @ (truths[:, None] == np.arange(shares.shape[1])) / len(truths)
    # A class that no judged document of a draw is of has no share, and the draw is NaN.
    now *= (shares / np.where(before > 0, before, np.nan))[:, :, None]
    priced = np.einsum("skn,kn->sn", now, costs.matrix[:, live.labels]) / np.maximum(now.sum(axis=1), 1e-300)
    if costs.ask_person is not None:
        priced = np.where(live.ask, np.where(np.isnan(shares[:, :1]), np.nan, costs.ask_person), priced)
    found: Floats = np.einsum("sn,sn->s", news, priced) / news.sum(axis=1)
    return found
