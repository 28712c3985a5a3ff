"""How the test of rollouts compares with others: false promotions, and documents until a better challenger is promoted.

    python tests/benchmarks/rollouts.py

prints the tables of docs/decisions/0013-sequential-rollouts.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import load_objective
from towpath.monitoring.domain.sequential import _BETS, _CAPITAL

Floats = NDArray[np.float64]
COSTS = load_objective(Path(__file__).parents[2] / "objective.yaml").costs
MOST, SIDE = float(COSTS.matrix.max()), 0.025
STREAMS, STEPS, FROM = 600, 2000, 100
ROLLOUTS, DOCUMENTS = 40, 20_000
# What two calibrated models see of a document, champion and challenger.
SIGNALS = ((2.0, 3.0), (2.0, 2.6), (2.0, 2.3))
NULLS = {
    "mostly 0, ±0.15": ([-0.15, 0, 0.15], [0.1, 0.8, 0.1]),
    "-0.15, once in 54 times 8": ([-0.15, 8], [8 / 8.15, 0.15 / 8.15]),
    "-0.02, once in 401 times 8": ([-0.02, 8], [8 / 8.02, 0.02 / 8.02]),
    "0, once in 50 times ±8": ([-8, 0, 8], [0.01, 0.98, 0.01]),
}


def mixture(values: Floats, low: float = -MOST, high: float = MOST) -> Floats:
    """Ours: logarithm of the capital of bets that the mean is below 0, after each value; (…, steps)."""
    grown = np.full(values.shape, -np.inf)
    for bet, own in zip(_BETS, _CAPITAL, strict=True):
        grown = np.logaddexp(grown, own + np.log1p(-bet * values / high).cumsum(axis=-1))
    return grown


def running(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Counts, means and variances of the mean, after each value."""
    counts = np.arange(1, values.shape[-1] + 1)
    means = values.cumsum(axis=-1) / counts
    variances = np.maximum((values**2).cumsum(axis=-1) / counts - means**2, 1e-12)
    return counts, means, variances / counts


def msprt(values: Floats, sd: float = 0.1) -> Floats:
    """Logarithm of the normal mixture's likelihood ratio, two-sided, where the mean is below 0 (Robbins 1970)."""
    _, means, variances = running(values)
    ratio = 0.5 * np.log(variances / (variances + sd**2))
    ratio += means**2 * sd**2 / (2 * variances * (variances + sd**2))
    return np.where(means < 0, ratio, -np.inf)


def predictable(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Scaled values, and means and variances known before each (Waudby-Smith & Ramdas 2024)."""
    scaled, counts = (values + MOST) / (2 * MOST), np.arange(1, len(values) + 1)
    means = (0.5 + scaled.cumsum()) / (counts + 1)
    variances = (0.25 + ((scaled - means) ** 2).cumsum()) / (counts + 1)
    return scaled, np.r_[0.5, means[:-1]], np.r_[0.25, variances[:-1]]


def bet(variances: Floats) -> Floats:
    counts = np.arange(1, len(variances) + 1)
    size: Floats = np.sqrt(2 * np.log(1 / SIDE) / (variances * counts * np.log(counts + 1)))
    return size


def empirical_bernstein(values: Floats) -> Floats:
    """Theorem 2: whether the upper bound is at most 0."""
    scaled, means, variances = predictable(values)
    bets = np.minimum(bet(variances), 0.75)
    spread = (4 * (scaled - means) ** 2 * (-np.log1p(-bets) - bets) / 4).cumsum()
    found: Floats = ((bets * scaled).cumsum() + np.log(1 / SIDE) + spread) / bets.cumsum() <= 0.5
    return found


def hedged(values: Floats) -> Floats:
    """Theorem 3, the side that matters."""
    scaled, _, variances = predictable(values)
    capital: Floats = np.log1p(-np.minimum(bet(variances), 1.5) * (scaled - 0.5)).cumsum()
    return capital >= np.log(1 / SIDE)


def decisions(signals: tuple[float, float], random: np.random.Generator) -> list[Floats]:
    """Costs (documents,) of both models, who mostly err together."""
    shares = np.array([0.2, 0.3, 0.5])
    truth, shared, made = random.choice(3, DOCUMENTS, p=shares), random.normal(size=(DOCUMENTS, 3)), []
    for signal in signals:
        noise = 0.8 * shared + 0.6 * random.normal(size=(DOCUMENTS, 3))
        seen = np.exp(signal * (signal * np.eye(3)[truth] + noise)) * shares
        decided = COSTS.decide(seen / seen.sum(axis=1, keepdims=True))
        made.append(COSTS.realised(truth, decided.labels, decided.ask))
    return made


def weighted(costs: list[Floats], share: float, random: np.random.Generator) -> Floats:
    """Log capital in a canary."""
    base, turn = COSTS.ask_person or 0.0, random.random(DOCUMENTS) < share
    values = np.where(turn, (costs[1] - base) / share, -(costs[0] - base) / (1 - share))
    return mixture(values, high=max((MOST - base) / share, base / (1 - share)))


def when(decided: Floats) -> float:
    """After how many documents, from the objective's least on."""
    found = np.flatnonzero(decided[FROM - 1 :])
    return FROM + found[0] if len(found) else np.inf


def false_promotions(random: np.random.Generator) -> None:
    print("| differences, mean zero | this | normal mSPRT | z, watched | z, once |\n|---|---|---|---|---|")
    for name, (values, odds) in NULLS.items():
        drawn = random.choice(values, (STREAMS, STEPS), p=odds)
        _, means, variances = running(drawn)
        z = means / np.sqrt(variances) < -1.645
        rates = [
            (mixture(drawn)[:, FROM - 1 :] >= np.log(1 / SIDE)).any(axis=1).mean(),
            (msprt(drawn)[:, FROM - 1 :] >= np.log(1 / (2 * SIDE))).any(axis=1).mean(),
            z[:, FROM - 1 :].any(axis=1).mean(),
            z[:, -1].mean(),
        ]
        print(f"| {name} | " + " | ".join(f"{100 * rate:.1f} %" for rate in rates) + " |")


def power(random: np.random.Generator) -> None:
    tests = ("shadow", "canary, half", "canary, a tenth", "empirical Bernstein, shadow", "hedged capital, shadow")
    print("\n| costs, EUR a document | " + " | ".join(tests) + " |\n|---|---|---|---|---|---|")
    for signals in SIGNALS:
        found, spent = [], []
        for _ in range(ROLLOUTS):
            costs, limit = decisions(signals, random), np.log(1 / SIDE)
            differences = costs[1] - costs[0]
            spent.append([each.mean() for each in costs])
            found.append([
                when(mixture(differences) >= limit),
                when(weighted(costs, 0.5, random) >= limit),
                when(weighted(costs, 0.1, random) >= limit),
                when(empirical_bernstein(differences)),
                when(hedged(differences)),
            ])  # fmt: skip
        told = [
            f"{np.median(each):,.0f}, {np.quantile(each, 0.9, method='higher'):,.0f} ({np.isfinite(each).mean():.0%})"
            for each in np.array(found).T
        ]
        champion, challenger = np.mean(spent, axis=0)
        print(f"| {champion:.3f} → {challenger:.3f} | " + " | ".join(told) + " |")


if __name__ == "__main__":
    false_promotions(np.random.default_rng(1))
    power(np.random.default_rng(2))
