"""How long streams run to a first alarm, of which some had none when one stopped looking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

__all__ = ["Run", "mean_run", "survival"]


@dataclass(frozen=True)
class Run:
    """`mean`, `low`, `high` in the unit of what was watched; `high` is infinite where nothing fired."""

    mean: float
    low: float
    high: float
    alarms: int
    watched: float


def mean_run(lengths: Sequence[float], fired: Sequence[bool], confidence: float = 0.95) -> Run:
    """Total time on test over alarms: the maximum of likelihood where an alarm is as likely at any time, censored runs
    counted for what they were watched (Epstein & Sobel, JASA 48, 1953). Where nothing fired, the mean is `low`.

    Raises:
        ValueError: not as many of either, or none.
    """
    if len(lengths) != len(fired) or not len(lengths):
        raise ValueError(f"{len(lengths)} runs and {len(fired)} ends")
    total, alarms, tail = float(np.sum(lengths)), int(np.sum(fired)), (1 - confidence) / 2
    low = 2 * total / float(chi2.ppf(1 - tail, 2 * alarms + 2))
    if not alarms:
        return Run(low, low, float("inf"), 0, total)
    return Run(total / alarms, low, 2 * total / float(chi2.ppf(tail, 2 * alarms)), alarms, total)


def survival(lengths: Sequence[float], fired: Sequence[bool], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of runs without an alarm at each time of `grid`, which is none later than the last (Kaplan & Meier, JASA
    53, 1958)."""
    times, ended = np.asarray(lengths, dtype=np.float64), np.asarray(fired, dtype=np.bool_)
    at = np.unique(times[ended])
    risk = (times[:, None] >= at).sum(axis=0)
    went = ((times[:, None] == at) & ended[:, None]).sum(axis=0)
    left = np.concatenate([[1.0], np.cumprod(1 - went / risk)])
    return left[np.searchsorted(at, grid, side="right")]
