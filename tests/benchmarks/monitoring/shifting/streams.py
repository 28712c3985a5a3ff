"""Streams of real tweets: as they are, thinned so that complaints become more frequent, and with a truth that turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.shifting.setting import Floats, Ints, Stream
from towpath.core.objective import Costs

__all__ = ["FROM", "TO", "arrivals", "thinned", "turned"]

FROM, TO = 0.16, 0.32
_AROUND = 500
# Who asks a person gets an answer: such documents are labelled so many times as often as others.
_ASKED = 4.0
_LATE = 300.0


def thinned(stream: Stream, rare: int, seed: int) -> Stream:
    """Documents left out by their class alone, so that the share of the class `rare` rises from `FROM` to `TO`.

    Texts and order stay real, and so does what documents of a class are like. One in ten is left out beside, so that
    seeds differ in the rare ones, too.
    """
    random, count = np.random.default_rng(seed), len(stream)
    is_rare = stream.truth == rare
    run = np.ones(2 * _AROUND + 1) / (2 * _AROUND + 1)
    share = np.convolve(np.pad(is_rare.astype(float), _AROUND, mode="reflect"), run, "valid")
    wanted = np.linspace(FROM, TO, count)
    others = share / (1 - share) * (1 - wanted) / wanted
    kept = np.where(is_rare, np.minimum(1, 1 / others), np.minimum(1, others))
    return stream.take(np.flatnonzero(random.random(count) < 0.9 * kept))


def turned(stream: Stream, costs: Costs, rare: int, since: int, share: float, seed: int) -> Stream:
    """From document `since` on, that share of what is taken for any other class is of the class `rare` in truth.

    Probabilities know nothing of it: the same words have come to mean something else.
    """
    random, said = np.random.default_rng(seed), costs.decide(stream.probabilities).labels
    turns = (np.arange(len(stream)) >= since) & (said != rare) & (random.random(len(stream)) < share)
    return replace(stream, truth=np.where(turns, rare, stream.truth))


def arrivals(ask: NDArray[np.bool_], share: float, seed: int) -> Ints:
    """When, in documents, each document's label comes (n,); -1: never. `share` of all documents have one in the end.

    Late (300 documents on average), partly, and not at random: of what a person was asked about four times as often.
    """
    random, count = np.random.default_rng(seed), len(ask)
    weight: Floats = np.where(ask, _ASKED, 1.0)
    rate = np.minimum(1.0, share * weight / weight.mean())
    when = np.arange(count) + 1 + random.exponential(_LATE, count).astype(np.intp)
    return np.where(random.random(count) < rate, when, -1)
