"""From bets to alarms: an e-detector that is paid by the clock, and the plain martingale.

The detector is Shiryaev and Roberts' sum, over all moments, of what a stake laid then has become: an e-detector (Shin,
Ramdas & Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", NEJSDS 2(2), 2023). There a
stake of 1 is laid at each document and the alarm sounds at A documents. Here the stake is an *income* w, known before
the document, and the alarm sounds at 1:

    capital := (capital + w) × bet(p);  at 1 or more: alarm, and capital := 0

While documents are exchangeable, capital less the income so far is a martingale between alarms, and each alarm takes 1
from it: so the expected number of alarms is at most the sum of the incomes, at any time and for any way in which
documents arrive. Paid by the clock (budget / period), that is the objective's promise, with no guess of the volume.

Each of k scores is paid 1 / k of the income, and has alarms of its own, which change nothing for the others: so its
bound holds for itself, in what is known of its own p-values, and the expectations add up, however scores depend on each
other. (To restart all at an alarm of one would stop a score by what another saw, and the martingale is none then.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.drift.bets import BETS, LOG_BETS

__all__ = ["CHUNK", "Detector", "Martingale"]

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]
CHUNK = 64
"""Documents a call. Products of as many bets neither overflow nor vanish: each is between 0.05 and 50."""


class Detector:
    """Of k scores. Capital is between 0 and 1 for ever, so nothing overflows however long a stream is."""

    def __init__(self, scores: int) -> None:
        self._capital = np.zeros((scores, BETS.shape[1]))

    @property
    def capital(self) -> float:
        """The highest of a score's; at 1 it alarms."""
        return float(self._capital.sum(axis=1).max())

    def step(self, cells: Cells, income: Floats, on: NDArray[np.bool_] | None = None) -> list[tuple[int, int, int]]:
        """Bet on the next n documents, n at most `CHUNK`, whose p-values lie in `cells` (n, k).

        `income` (n,) is the detector's before each; scores that are not `on` (k,) are paid nothing. Of each alarm:
        which of the n it was, the score, and the bet that won most. That score's capital is 0 after the n: what came
        after its alarm has counted for nothing.
        """
        bets = BETS[cells]
        grown = bets.cumprod(axis=0)
        stakes = income[:, None, None] / self._capital.size
        if on is not None:
            stakes = stakes * on[:, None]
        capital = grown * (self._capital + (stakes * bets / grown).cumsum(axis=0))
        self._capital = capital[-1].copy()
        # Sums cost as much as all the rest, and hardly ever has any a bet that can be part of an alarm.
        if capital.max() * capital.shape[2] < 1:
            return []
        crossed = capital.sum(axis=2) >= 1
        alarms = []
        for score in np.flatnonzero(crossed.any(axis=0)).tolist():
            at = int(crossed[:, score].argmax())
            alarms.append((at, score, int(capital[at, score].argmax())))
            self._capital[score] = 0.0
        return alarms


class Martingale:
    """What 1, split among all bets before the first document, has become; in logarithms, of k scores.

    By Ville's inequality each ever reaches 1 / alpha with probability alpha at most, while documents are exchangeable;
    that any of k does, with k times that. The detector has no use for it: it says whether a stream *ever* changed, and
    what it lost in a long quiet time it must win again.
    """

    def __init__(self, scores: int) -> None:
        self._logs = np.full((scores, BETS.shape[1]), -np.log(BETS.shape[1]))

    def step(self, cells: Cells) -> Floats:
        """Its logarithms (n, k) after each of the next n documents."""
        paths = self._logs + LOG_BETS[cells].cumsum(axis=0)
        self._logs = paths[-1]
        most = paths.max(axis=2)
        found: Floats = most + np.log(np.exp(paths - most[:, :, None]).sum(axis=2))
        return found
