"""The bounds hold however often one looks; a fixed-size interval that is looked at again and again does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.core.objective import load_objective
from towpath.core.objective.parts import Rollout as Rule
from towpath.monitoring.domain import sequential
from towpath.monitoring.domain.sequential import ConfidenceSequence
from towpath.monitoring.domain.trial import Answer, Phase, Said, Trial

COSTS = load_objective("objective.yaml").costs
Floats = NDArray[np.float64]
STREAMS, STEPS, CONFIDENCE, RANGE = 600, 1000, 0.95, 8.0
SIDE = (1 - CONFIDENCE) / 2


def allowed(probability: float, streams: int = STREAMS) -> float:
    """Share of streams that may err, where each does with that probability: two standard errors more."""
    return float(probability + 2 * np.sqrt(probability * (1 - probability) / streams))


def sequence(values: Sequence[float] | Floats, low: float = -RANGE, high: float = RANGE) -> ConfidenceSequence:
    made = ConfidenceSequence(low, high, CONFIDENCE)
    for value in values:
        made.add(float(value))
    return made


def capital(values: Floats, mean: float, low: float, high: float) -> Floats:
    """Of bets that the mean is below `mean`, after each value; (streams, steps). Written as the game is played."""
    capital, shares = np.zeros(values.shape), 1 / np.arange(1, 9) / np.sum(1 / np.arange(1, 9))
    for bet, share in zip(sequential._BETS, shares, strict=True):
        capital += share * np.cumprod(1 + bet * (mean - values) / (high - mean), axis=1)
    return capital


def ever_below(values: Floats, mean: float, low: float = -RANGE, high: float = RANGE) -> Floats:
    """Which streams had an upper bound below `mean` at any moment: 1 or 0 each; the product must say so, too."""
    most = capital(values, mean, low, high)
    found = most.max(axis=1) >= 1 / SIDE
    for stream in [*np.flatnonzero(found)[:5], *np.flatnonzero(~found)[:5]]:
        moment = int((most[stream] >= 1 / SIDE).argmax() if found[stream] else most[stream].argmax())
        upper = sequence(values[stream, : moment + 1], low, high).bounds()[1]
        assert (upper <= mean + 1e-9) == found[stream]
    return found.astype(np.float64)


def drawn(values: list[float], odds: list[float], seed: int = 1) -> Floats:
    return np.random.default_rng(seed).choice(values, (STREAMS, STEPS), p=odds)


# Differences of cost whose mean is zero: nobody is better.
NULLS = {
    "asked about less, wrong more": drawn([-0.15, 0, 0.15], [0.1, 0.8, 0.1]),
    "seldom eight": drawn([-8, 0, 8], [0.01, 0.98, 0.01]),
    "looks cheaper until it costs eight": drawn([-0.15, 8], [8 / 8.15, 0.15 / 8.15]),
    "looks cheaper for long": drawn([-0.02, 8], [8 / 8.02, 0.02 / 8.02]),
    "looks dearer until it saves eight": drawn([0.15, -8], [8 / 8.15, 0.15 / 8.15]),
    "all or nothing": drawn([-8, 8], [0.5, 0.5]),
}


@pytest.mark.parametrize("name", NULLS)
def test_watched_after_every_document_an_equal_challenger_is_seldom_promoted_or_rolled_back(name: str) -> None:
    promoted, rolled_back = ever_below(NULLS[name], 0.0), ever_below(-NULLS[name], 0.0)
    assert promoted.mean() <= allowed(SIDE)
    assert rolled_back.mean() <= allowed(SIDE)
    # Together: how often the bounds ever left out the mean.
    assert np.maximum(promoted, rolled_back).mean() <= allowed(2 * SIDE)


def test_a_challenger_that_is_dearer_now_and_then_and_never_cheaper_is_seldom_promoted() -> None:
    dearer = np.where(np.arange(STEPS) // 50 % 2, 0.3, 0.0)
    assert ever_below(np.minimum(NULLS["seldom eight"] + dearer, RANGE), 0.0).mean() <= allowed(SIDE)


def test_an_interval_of_fixed_size_that_is_watched_is_wrong_far_more_often() -> None:
    """Why it is not the gate's bootstrap: of values that are counted, that is a draw from the multinomial."""
    random, values, promoted = np.random.default_rng(2), np.array([-0.15, 0, 0.15]), 0
    for stream in NULLS["asked about less, wrong more"][:200]:
        for looked in range(100, STEPS + 1, 50):
            shares = (stream[:looked, None] == values).mean(axis=0)
            means = random.multinomial(looked, shares, 200) @ values / looked
            if np.quantile(means, CONFIDENCE) < 0:
                promoted += 1
                break
    assert promoted / 200 > 3 * (1 - CONFIDENCE)


@settings(deadline=None, max_examples=30)
@given(values=st.lists(st.sampled_from([-8.0, -5.0, -0.15, 0.0, 0.15, 0.5, 8.0]), min_size=1, max_size=60))
def test_the_order_is_irrelevant_and_the_mean_is_between_the_bounds(values: list[float]) -> None:
    forward, backward, ordered = sequence(values), sequence(values[::-1]), sequence(sorted(values))
    assert forward.bounds() == backward.bounds() == ordered.bounds()
    lower, upper = forward.bounds()
    assert -RANGE <= lower <= forward.mean <= upper <= RANGE
    mirrored = sequence([-value for value in values]).bounds()
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-6)


def test_more_of_the_same_narrows_the_bounds_and_confidence_widens_them() -> None:
    values, widths = [0.0, 0.15, -0.15, 5.0] * 50, []
    for repeats in (1, 4, 16):
        lower, upper = sequence(values * repeats).bounds()
        widths.append(upper - lower)
    assert widths[0] > 1.5 * widths[1] > 2.25 * widths[2]
    sure = ConfidenceSequence(-RANGE, RANGE, 0.999)
    for value in values:
        sure.add(value)
    assert sure.bounds()[1] - sure.bounds()[0] > widths[0]


def test_a_value_outside_the_range_is_refused_and_nothing_is_known_before_the_first() -> None:
    made = ConfidenceSequence(-1, 2, CONFIDENCE)
    with pytest.raises(ValueError, match="3 is not between -1 and 2"):
        made.add(3.0)
    with pytest.raises(ValueError, match="none"):
        ConfidenceSequence(1, 1, CONFIDENCE)
    assert (made.count, made.mean, made.bounds()) == (0, 0, (-1, 2))


def worlds(documents: int, signals: tuple[float, float], seed: int) -> tuple[Floats, list[tuple[Floats, Floats]]]:
    """Truths, and (labels, asked) of two calibrated models that mostly err together; the signal is what they see."""
    random = np.random.default_rng(seed)
    shares = np.array([0.2, 0.3, 0.5])
    truth, shared, said = random.choice(3, documents, p=shares), random.normal(size=(documents, 3)), []
    for signal in signals:
        noise = 0.8 * shared + 0.6 * random.normal(size=(documents, 3))
        seen = np.exp(signal * (signal * np.eye(3)[truth] + noise)) * shares
        decided = COSTS.decide(seen / seen.sum(axis=1, keepdims=True))
        said.append((decided.labels.astype(np.float64), decided.ask.astype(np.float64)))
    return truth.astype(np.float64), said


def decided_after(
    mode: str, signals: tuple[float, float], seed: int, *, most: int, share: float = 0.5
) -> tuple[str, int]:
    """What a trial says, looked at every 50 documents, and after how many."""
    truth, said = worlds(most, signals, seed)
    phase = Phase("rol", "tweets", "new", "old", "shadow" if mode == "shadow" else "canary", share, 0)
    trial, turn = Trial(phase, Rule(), COSTS), np.random.default_rng(seed + 999).random(most) < share
    for n in range(most):
        old, new = (
            Said(name, int(each[0][n]), bool(each[1][n])) for name, each in zip(("old", "new"), said, strict=True)
        )
        answered, shadow = (old, new) if mode == "shadow" else (new if turn[n] else old, None)
        trial.add(Answer(f"d{n}", "rol", 1, answered, shadow), int(truth[n]))
        if n % 50 == 49 and trial.look().verdict != "undecided":
            return trial.look().verdict, trial.look().documents
    return "undecided", most


@pytest.mark.parametrize(("mode", "most"), [("shadow", 1500), ("canary", 3000)])
def test_a_challenger_that_saves_six_cents_a_document_is_promoted_in_time(mode: str, most: int) -> None:
    """The costs of the running example: 0.085 EUR a document by the champion, 0.024 by the challenger."""
    found = [decided_after(mode, (2.0, 3.0), seed, most=most) for seed in range(30)]
    assert sum(verdict == "promote" for verdict, _ in found) >= 27
    assert not any(verdict == "roll-back" for verdict, _ in found)


def test_a_challenger_that_is_dearer_is_rolled_back() -> None:
    assert {decided_after("shadow", (3.0, 2.0), seed, most=1500)[0] for seed in range(5)} == {"roll-back"}


def test_the_weights_of_a_canary_hold_while_documents_become_dearer_for_both() -> None:
    """In each quarter other costs, the same for both: the difference is zero all the time."""
    random, share, base = np.random.default_rng(3), 0.2, 0.15
    dear = np.repeat([0.002, 0.02, 0.005, 0.05], STEPS // 4)
    cost = np.where(
        random.random((STREAMS, STEPS)) < dear, 8.0, np.where(random.random((STREAMS, STEPS)) < 0.3, 0.15, 0)
    )
    turn = random.random((STREAMS, STEPS)) < share
    values = np.where(turn, (cost - base) / share, -(cost - base) / (1 - share))
    trial = Trial(Phase("rol", "tweets", "new", "old", "canary", share, 0), Rule(), COSTS)
    low, high = trial._range()
    assert ever_below(values, 0.0, low, high).mean() <= allowed(SIDE)
    assert ever_below(-values, 0.0, -high, -low).mean() <= allowed(SIDE)
