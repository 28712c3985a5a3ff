"""Label errors: which given classes a model that never saw their documents finds hard to believe.

Confident learning: Northcutt, Jiang & Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70,
2021, as cleanlab has it. What it finds are candidates for a second look, not errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from towpath.core.errors import RejectedError
from towpath.preparation.quality.text import normal, words

__all__ = ["Suspicions", "fitted", "new_texts", "out_of_fold", "same_texts", "suspicions"]

_FLOOR = 1e-6

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Suspicions:
    """Of n given classes.

    `quality` (n,) 0 to 1, low is suspicious; `suspected` (n,) the most probable other class; `order` (n,) from the most
    suspicious on. `estimated_errors`: how many are wrong by the confident joint of confident learning.
    """

    quality: Floats
    suspected: Indices
    order: Indices
    estimated_errors: int


def same_texts(texts: Sequence[str]) -> Indices:
    """(n,) a number for each text; those of the same words, whatever their case and punctuation, have the same."""
    number: dict[str, int] = {}
    return np.array([number.setdefault(_key(each), len(number)) for each in texts], dtype=np.intp)


def new_texts(texts: Sequence[str], known: Sequence[str]) -> list[int]:
    """Where in `texts` one is said for the first time, and not in `known`: labelling a copy would teach nothing."""
    seen = {_key(each) for each in known}
    found = []
    for n, text in enumerate(texts):
        key = _key(text)
        if key not in seen:
            seen.add(key)
            found.append(n)
    return found


def out_of_fold(
    features: NDArray[np.floating], labels: Indices, groups: Indices, classes: int, *, folds: int = 5, seed: int = 0
) -> Floats:
    """(n, K) probabilities of a logistic regression that was fitted without the document's own group.

    Args:
        features: (n, D), as sentence embeddings.
        labels: (n,) class indices, of which some may be wrong.
        groups: (n,) equal for documents that must be in one fold, as copies of a text: see `same_texts`.
        classes: K. A class that no document has gets next to no probability.

    Raises:
        RejectedError: the labels are of one class, or there are fewer different texts than folds.
    """
    if len(np.unique(labels)) < 2:
        raise RejectedError("all labels are of one class: there is nothing to compare them with; label more documents")
    if len(np.unique(groups)) < folds:
        raise RejectedError(f"fewer than {folds} different texts are labelled: label more documents")
    made = np.empty((len(labels), classes))
    for train, test in _folds(labels, groups, folds, seed):
        made[test] = fitted(features[train], labels[train], features[test], classes)
    return made


def fitted(features: NDArray[np.floating], labels: Indices, others: NDArray[np.floating], classes: int) -> Floats:
    """(m, K) probabilities of `others` (m, D) by a logistic regression on `features` (n, D) and `labels` (n,).

    Without labels of two classes nothing is known, and all classes are alike.
    """
    known = np.unique(labels)
    if len(known) < 2 or not len(others):
        return np.full((len(others), classes), 1.0 / classes)
    # Strong regularisation: a model that follows wrong labels does not find them.
    model = LogisticRegression(C=1.0, max_iter=1000).fit(np.asarray(features, dtype=np.float64), labels)
    made = np.full((len(others), classes), _FLOOR)
    made[:, known] = np.maximum(model.predict_proba(np.asarray(others, dtype=np.float64)), _FLOOR)
    return np.asarray(made / made.sum(axis=1, keepdims=True), dtype=np.float64)


def suspicions(given: Indices, probabilities: Floats, quality: Floats | None = None) -> Suspicions:
    """Rank given classes, by self-confidence: the probability that the model gives to the given class.

    Args:
        given: (n,) class indices.
        probabilities: (n, K) out of fold.
        quality: (n, K) by which to rank instead, as CROWDLAB's (`Consensus.quality`).
    """
    from cleanlab.rank import get_label_quality_scores  # seconds to import

    by = probabilities if quality is None else quality / quality.sum(axis=1, keepdims=True)
    own: Floats = get_label_quality_scores(given, by, method="self_confidence")
    others = by.copy()
    others[np.arange(len(given)), given] = -1.0
    return Suspicions(own, others.argmax(axis=1), np.argsort(own, kind="stable"), _estimated(given, probabilities))


def _key(text: str) -> str:
    return " ".join(words(text)) or normal(text)


def _folds(labels: Indices, groups: Indices, folds: int, seed: int) -> list[tuple[Indices, Indices]]:
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class of few documents is not in every fold; it is in all but one of the training parts.
        warnings.filterwarnings("ignore", "The least populated class in y has only")
        return list(splitter.split(np.zeros(len(labels)), labels, groups))


def _estimated(given: Indices, probabilities: Floats) -> int:
    from cleanlab.filter import find_label_issues

    present = np.unique(given)
    rows = probabilities[:, present]
    rows = rows / rows.sum(axis=1, keepdims=True)
    # One process: starting others costs more than this.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "May not flag all label issues in class")  # of one document: nor need it
        issues = find_label_issues(np.searchsorted(present, given), rows, filter_by="prune_by_noise_rate", n_jobs=1)
    return int(issues.sum())
