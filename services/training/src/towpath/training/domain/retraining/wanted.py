"""Which documents are to be labelled, of those that were predicted of late: the queue of preparation, told by
predictions alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective

__all__ = ["MOST", "Candidate", "wanted"]

T = TypeVar("T")
MOST = 50
"""That are named: an alert is read by people. `towpath labels next` gives more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document without labels. `words`: equal for copies of a text. `tests`: training tests on it.

    `probabilities` (K,) of the classes, as they were predicted. `sketch` (k,) of its embedding, or zeros.
    """

    document_id: str
    words: bytes
    tests: bool
    probabilities: NDArray[np.float64]
    sketch: NDArray[np.float64]


def wanted(
    candidates: Sequence[Candidate], shown: Sequence[str], objective: Objective, *, count: int, seed: int = 0
) -> list[str]:
    """Ids of up to `count` of them, and at most `MOST`: who stops half-way has done the more useful half.

    Documents that show best what the matter is (`shown`) come first and are at most half. The others are those of
    `towpath.preparation.labels.selection`, the costliest first, with those for evaluation spread among them. What
    training tests on comes in by chance alone: the gate must not judge by what was chosen for being hard.
    """
    # scikit-learn takes a second, and labels are asked for seldom.
    from towpath.preparation.labels.selection import choose

    count = min(count, MOST)
    by_id = {each.document_id: each for each in reversed(candidates)}
    first = [each for each in dict.fromkeys(shown) if each in by_id and not by_id[each].tests][: (count + 1) // 2]
    seen, left = {by_id[each].words for each in first}, list[Candidate]()
    for each in candidates:
        if each.words not in seen:
            seen.add(each.words)
            left.append(each)
    if not left or count <= len(first):
        return first
    chosen = choose(
        np.stack([each.sketch for each in left]),
        np.stack([each.probabilities for each in left]),
        np.array([each.tests for each in left]),
        objective.costs,
        count=count - len(first),
        evaluation_share=objective.contract.labels.evaluation_share,
        seed=seed,
    )
    hard = sorted((each for each in chosen if each.why == "uncertain"), key=lambda each: -each.expected_cost)
    drawn = [each for each in chosen if each.why == "evaluation"]
    return first + [left[each.index].document_id for each in _spread(hard, drawn)]


def _spread(many: Sequence[T], few: Sequence[T]) -> list[T]:
    places = [((n + 0.5) / len(part), each) for part in (many, few) for n, each in enumerate(part)]
    return [each for _, each in sorted(places, key=lambda place: place[0])]
