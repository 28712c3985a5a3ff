"""How good a model is on documents it has not seen: first what its decisions cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective

__all__ = ["calibration_error", "macro_f1", "metrics", "polarity"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


def metrics(probabilities: Floats, truth: Indices, grade: Floats, objective: Objective) -> dict[str, float]:
    """Figures of merit on n test documents; ratios are 0 to 1, costs in the objective's unit a document.

    Args:
        probabilities: (n, K), columns in the order of the objective's classes.
        truth: (n,) class indices.
        grade: (n,) mean human grade, nan where there is none.
    """
    best = probabilities.argmax(axis=1)
    decisions = objective.costs.decide(probabilities)
    realised = objective.costs.realised(truth, decisions.labels, decisions.ask)
    found = {
        "expected_cost": float(realised.mean()),
        "predicted_cost": float(decisions.expected_cost.mean()),
        "asked_share": float(decisions.ask.mean()),
        "accuracy": float((best == truth).mean()),
        "macro_f1": macro_f1(truth, best, len(objective.classes)),
        "calibration_error": calibration_error(probabilities, truth),
        "log_loss": float(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], 1e-12, 1)).mean()),
        "test_documents": float(len(truth)),
    }
    known = ~np.isnan(grade)
    score = polarity(probabilities, objective)
    if score is not None and known.sum() > 2:
        found["correlation"] = float(np.corrcoef(score[known], grade[known])[0, 1])
    return found


def macro_f1(truth: Indices, predicted: Indices, classes: int) -> float:
    """Mean over the classes that occur of F1; a class never predicted counts 0."""
    scores = []
    for each in range(classes):
        actual, said = truth == each, predicted == each
        if actual.any() or said.any():
            scores.append(2 * float((actual & said).sum()) / float(actual.sum() + said.sum()))
    return float(np.mean(scores)) if scores else 0.0


def calibration_error(probabilities: Floats, truth: Indices, bins: int = 10) -> float:
    """Expected calibration error of the top class, over `bins` of equal width (Naeini et al., AAAI 2015)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(confidence[index == each].mean()) - float(right[index == each].mean()))
        * float((index == each).mean())
        for each in range(bins)
        if (index == each).any()
    ]
    return float(sum(gaps))


def polarity(probabilities: Floats, objective: Objective) -> Floats | None:
    """P(upper class) - P(lower class), where the objective grades; None where it does not."""
    grades = objective.grades
    if grades is None:
        return None
    sides = {hasattr(bound, "at_least"): objective.classes.index(name) for name, bound in grades.bounds.items()}
    if len(sides) != 2:
        return None
    difference: Floats = probabilities[:, sides[True]] - probabilities[:, sides[False]]
    return difference
