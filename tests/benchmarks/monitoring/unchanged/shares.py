"""Intervals of what happened so and so often."""

from __future__ import annotations

import math

from scipy.stats import beta

from benchmarks.monitoring.rows import Beside

__all__ = ["allowed", "beside", "share"]


def share(count: int, of: int, confidence: float = 0.95) -> tuple[float, float, float]:
    """(share, low, high) by Clopper & Pearson (Biometrika 26, 1934): at least that confidence, for any count."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return count / of, low, high


def allowed(probability: float, of: int) -> float:
    """Two standard errors more than that."""
    return probability + 2 * math.sqrt(probability * (1 - probability) / of)


def beside(name: str, count: int, of: int) -> Beside:
    return Beside(name, *share(count, of))
