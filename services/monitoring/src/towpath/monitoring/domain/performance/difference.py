"""A lower bound on how much dearer documents are than those that were judged, at every moment.

Of a stratum, bets that judged documents cost less than d on average, and bets that live ones cost more than d + e, are
fair games where both are true; so is their product (one capital carried from the first game to the second), and that of
all strata. It seldom grows to 1 / error (Ville 1939), so combinations of d and e against which it has are out, and the
bound is the least excess, averaged over strata, of those that are not. One error for both samples and all strata, where
a bound for each would need a part of the error for each. Half of every capital is kept in cash, so that what shows
nothing costs little. Games as in towpath.monitoring.domain.sequential.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.sequential import log_capital

__all__ = ["Sample", "least_excess"]

Floats = NDArray[np.float64]
_POINTS = 300
_CASH = -np.log(2)
_PRICES = np.geomspace(1e-4, 10, 40)


@dataclass(frozen=True, slots=True)
class Sample:
    """Of one stratum: judged `values` (n,) were seen `counts` (n,) times; live ones (m,) in s streams (m, s).

    Values are in [low, high], in the unit.
    """

    low: float
    high: float
    judged: Floats
    judged_counts: Floats
    live: Floats
    live_counts: Floats


def least_excess(samples: Sequence[Sample], reach: float, log_needed: Floats) -> Floats:
    """Lower bounds (s,) on live less judged mean, averaged over strata by how often each was seen in a stream.

    `log_needed` (s,) is log(1 / error) of each stream. Means are told apart at `reach` / 600, and the bound is as
    much lower; a mean that is higher than half of `reach` counts as that.
    """
    step = reach / (2 * _POINTS)
    profiles = np.array([_profile(each, step) for each in samples])
    seen = np.array([each.live_counts.sum(axis=0) for each in samples])
    weights = seen / np.maximum(seen.sum(axis=0), 1)
    excess = step * np.arange(-_POINTS, _POINTS + 1)
    bound = np.full(len(log_needed), -np.inf)
    # Weak duality: whatever evidence is priced at, this is below the least; the best price is the highest.
    for price in _PRICES:
        least = (weights[:, :, None] * excess + price * profiles).min(axis=2).sum(axis=0)
        bound = np.maximum(bound, least - price * log_needed)
    return bound


def _profile(sample: Sample, step: float) -> Floats:
    """Log capital (s, 2 points + 1) against each excess, whatever the judged mean is."""
    means = sample.low + step * np.arange(_POINTS)
    span = sample.high - sample.low
    scaled = np.clip((means - sample.low) / span, 1e-9, 1 - 1e-9)
    below = log_capital(1 - (sample.judged - sample.low) / span, sample.judged_counts[:, None], 1 - scaled)[:, 0]
    above = log_capital((sample.live - sample.low) / span, sample.live_counts, scaled)
    judged, live = np.logaddexp(0, below) + _CASH, np.logaddexp(0, above) + _CASH
    return np.array([_joined(judged, each) for each in live.T])


def _joined(judged: Floats, live: Floats) -> Floats:
    """Against excess of k steps: the judged mean may be anywhere between two points, and beyond the last.

    The judged capital grows with the mean and the live one falls, so the one's at a point and the other's at the next
    are below both in between. A live mean below the least there is cannot be.
    """
    padded = np.concatenate([np.full(_POINTS, np.inf), live, np.full(_POINTS + 2, _CASH)])
    windows = np.lib.stride_tricks.sliding_window_view(padded[1:], _POINTS)[: 2 * _POINTS + 1]
    between = (windows + judged).min(axis=1)
    found: Floats = np.minimum(between, judged[-1] + _CASH)
    return found
