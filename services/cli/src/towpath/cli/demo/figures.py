"""The demo's figures: what deciders cost on the same documents, and how long documents took. No I/O."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective

__all__ = ["Decider", "Judged", "Report", "human", "judge", "percentile", "truths", "vader_label"]


@dataclass(frozen=True)
class Judged:
    """What a decider says of one document.

    `label`: the class it takes to be the most probable. `decided`: the class it acts on. `ask`: whether it would
    rather pay a person. `score`: its grade on any linear scale.
    """

    label: str
    decided: str
    score: float
    ask: bool = False


@dataclass(frozen=True)
class Decider:
    """Figures of one decider. `expected_cost` is in the objective's unit a document; `asked` a share, 0 to 1."""

    name: str
    documents: int
    macro_f1: float
    correlation: float
    expected_cost: float
    asked: float


@dataclass(frozen=True)
class Report:
    """Every figure of the demo. Seconds, documents a second, the objective's unit."""

    unit: str
    deciders: Sequence[Decider]
    ask_always_cost: float | None
    speed: Mapping[str, float]
    stages: Mapping[str, float]
    counts: Mapping[str, int]
    gate: Mapping[str, Any]
    preparation: Mapping[str, Any] = field(default_factory=dict)
    monitoring: Mapping[str, float] = field(default_factory=dict)
    second_act: Mapping[str, Any] = field(default_factory=dict)
    failed: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; a figure that could not be had is null, never NaN."""
        plain: dict[str, Any] = _finite(asdict(self))
        return plain


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def judge(
    name: str,
    judged: Mapping[str, Judged],
    truth: Mapping[str, float],
    objective: Objective,
) -> Decider:
    """Figures on the documents of `judged`; `truth` has a mean grade for each, whose class is the objective's.

    Raises:
        ValueError: there is no document.
    """
    if not judged:
        raise ValueError(f"{name} judged no document")
    index = {label: n for n, label in enumerate(objective.classes)}
    ids = sorted(judged)
    true = np.array([index[objective.class_of_grade(truth[each])] for each in ids])
    said = np.array([index[judged[each].label] for each in ids])
    decided = np.array([index[judged[each].decided] for each in ids])
    ask = np.array([judged[each].ask for each in ids])
    return Decider(
        name=name,
        documents=len(ids),
        macro_f1=macro_f1(true, said, len(index)),
        correlation=correlation([truth[each] for each in ids], [judged[each].score for each in ids]),
        expected_cost=float(objective.costs.realised(true, decided, ask).mean()),
        asked=float(ask.mean()),
    )


def truths(tweets: Sequence[Tweet]) -> dict[str, float]:
    """The mean grade of all raters, by document."""
    return {tweet.document_id: tweet.mean for tweet in tweets}


def human(tweets: Sequence[Tweet], objective: Objective, seed: int = 0) -> tuple[dict[str, Judged], dict[str, float]]:
    """One rater of each tweet, drawn by `seed`, and the truth to hold against it: the mean of the *other* raters.

    With the rater among the truth, the comparison would flatter it.
    """
    drawn = random.Random(seed)  # noqa: S311 - a sample, not a secret
    judged, truth = {}, {}
    for tweet in sorted(tweets, key=lambda each: each.document_id):
        which = drawn.randrange(len(tweet.ratings))
        grade = tweet.ratings[which]
        others = tweet.ratings[:which] + tweet.ratings[which + 1 :]
        label = objective.class_of_grade(grade)
        judged[tweet.document_id] = Judged(label, label, float(grade))
        truth[tweet.document_id] = statistics.fmean(others or (grade,))
    return judged, truth


def vader_label(compound: float) -> str:
    """The class that VADER's authors give a compound score (-1 to 1)."""
    if compound >= 0.05:
        return "positive"
    return "negative" if compound <= -0.05 else "neutral"


def macro_f1(true: np.ndarray[Any, Any], said: np.ndarray[Any, Any], classes: int) -> float:
    """Mean over the classes that occur, 0 to 1; `true` and `said` are (n,) class indices."""
    scores = []
    for label in range(classes):
        hits = int(((true == label) & (said == label)).sum())
        wrong = int((true == label).sum() + (said == label).sum()) - 2 * hits
        if hits or wrong:
            scores.append(2 * hits / (2 * hits + wrong))
    return statistics.fmean(scores)


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's; NaN where one of the two does not vary."""
    if len(first) < 2 or len(set(first)) == 1 or len(set(second)) == 1:
        return float("nan")
    return statistics.correlation(first, second)


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of them do not exceed; NaN when there are none."""
    if not seconds:
        return float("nan")
    ordered = sorted(seconds)
    return ordered[max(0, min(len(ordered), int(np.ceil(share * len(ordered)))) - 1)]
