"""What a first model must beat: the most frequent class, VADER where texts are English sentiment, and people.

Where asking a person is cheap, the competitor is to ask always: no model is worth having that costs more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective
from towpath.model import Model

__all__ = ["baseline_costs", "model_costs", "vader_labels", "vader_scores"]


def baseline_costs(
    name: str, texts: Sequence[str], truth: NDArray[np.intp], train_truth: NDArray[np.intp], objective: Objective
) -> NDArray[np.float64]:
    """What the decisions of a named baseline cost on each test document (n,).

    Raises:
        ValueError: no such baseline.
    """
    if name == "majority":
        most = int(np.bincount(train_truth, minlength=len(objective.classes)).argmax())
        return objective.costs.realised(truth, np.full(len(truth), most))
    if name == "vader":
        return objective.costs.realised(truth, vader_labels(vader_scores(texts), objective))
    if name == "ask-person" and objective.ask_person is not None:
        return np.full(len(truth), objective.ask_person)
    raise ValueError(f"no baseline {name!r}")


def model_costs(
    model: Model, texts: Sequence[str], truth: NDArray[np.intp], objective: Objective
) -> NDArray[np.float64]:
    """What the decisions of a released model cost under `objective`, which may be newer than the model's own."""
    index = [model.classes.index(name) for name in objective.classes]
    probabilities = model.scores(texts).probabilities[:, index].astype(np.float64)
    decisions = objective.costs.decide(probabilities)
    return objective.costs.realised(truth, decisions.labels, decisions.ask)


def vader_scores(texts: Sequence[str]) -> NDArray[np.float64]:
    """VADER's compound score of each text, -1 to 1 (Hutto & Gilbert, ICWSM 2014)."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return np.array([analyzer.polarity_scores(text)["compound"] for text in texts], dtype=np.float64)


def vader_labels(scores: NDArray[np.float64], objective: Objective) -> NDArray[np.intp]:
    """Classes of compound scores, cut where the objective cuts its grades (±0.05 in the paper and in ours)."""
    return np.array([objective.classes.index(objective.class_of_grade(float(score))) for score in scores])
