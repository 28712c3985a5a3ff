"""A release as the pipeline makes it of the oldest tweets, and what it says of those that came after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.shifting.tweets import Tweets
from towpath.core.objective import Costs
from towpath.pipelines.steps import train
from towpath.pipelines.steps.reference import MAX_ROWS
from towpath.pipelines.steps.split import split

__all__ = ["Setting", "Stream", "released"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Stream:
    """n documents as they come; `probabilities` (n, K), the others (n,). `at`: seconds since 1970."""

    at: Floats
    probabilities: Floats
    truth: Ints

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: Ints) -> Stream:
        return Stream(self.at[rows], self.probabilities[rows], self.truth[rows])


@dataclass(frozen=True)
class Setting:
    """`judged`: test documents of the release, of which its reference holds some. `later`: everything after them."""

    costs: Costs
    judged: Stream
    later: Stream
    trained: int

    def reference(self, seed: int) -> Stream:
        """As many as a release carries."""
        rows = np.random.default_rng(seed).permutation(len(self.judged))[:MAX_ROWS]
        return self.judged.take(rows)


def released(tweets: Tweets, rows: NDArray[np.float32], first: int, costs: Costs) -> Setting:
    """Trained, calibrated and judged on the `first` tweets by the pipeline's own steps."""
    parts, truth = split(tweets.texts[:first]), tweets.truth[:first]
    made = train.fit(rows[parts.train], truth[parts.train], np.ones(len(parts.train)), costs, seed=0)
    head = train.calibrate(made, rows[parts.calibration], truth[parts.calibration]).head
    everything = Stream(tweets.at, train.probabilities(head, rows), tweets.truth)
    later = np.arange(first, len(tweets))
    return Setting(costs, everything.take(parts.test), everything.take(later), len(parts.train))
