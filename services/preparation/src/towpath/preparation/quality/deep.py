"""What embeddings show besides: cleanlab's Datalab on a labelled set. Its import takes some seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective.parts import PersonalData
from towpath.preparation.labels.errors import out_of_fold, same_texts
from towpath.preparation.quality.audit import shown
from towpath.preparation.quality.finding import Finding, Sample
from towpath.preparation.quality.items import Item

__all__ = ["deep"]

_ROWS, _SAMPLE = 100, 5
_SAID = {
    "label": ("label-issues", "labels are doubted by a classifier that has not seen them"),
    "outlier": ("outliers", "documents are far from all others"),
    "near_duplicate": ("twins", "documents have one of nearly the same embedding"),
}


def deep(
    items: Sequence[Item], embeddings: NDArray[np.float32], classes: Sequence[str], policy: PersonalData
) -> list[Finding]:
    """Warnings only: none of it has a limit, and all of it is for people to look at.

    Args:
        items: n documents, each with a label of `classes`.
        embeddings: (n, D).

    Raises:
        ValueError: fewer than two classes have labels, or too few documents for five folds.
    """
    labels = np.array([classes.index(each.label) for each in items], dtype=np.intp)
    if len(np.unique(labels)) < 2 or np.bincount(labels)[np.unique(labels)].min() < 5:
        raise ValueError("deep checks need five documents of each of at least two classes")
    groups = same_texts([each.text for each in items])
    probabilities = out_of_fold(embeddings, labels, groups, len(classes))
    issues = _issues([each.label for each in items], embeddings, probabilities, classes)
    return [_finding(name, items, issues[name], policy) for name in _SAID]


def _issues(labels: Sequence[str], embeddings: Any, probabilities: Any, classes: Sequence[str]) -> dict[str, Any]:
    from cleanlab import Datalab

    # Datalab numbers labels in the order of their names, and knows only those that there are.
    used = sorted(set(labels))
    columns = probabilities[:, [classes.index(name) for name in used]]
    columns = columns / columns.sum(axis=1, keepdims=True)
    lab = Datalab(data={"label": list(labels)}, label_name="label", task="classification", verbosity=0)
    lab.find_issues(features=embeddings, pred_probs=columns, issue_types={name: {} for name in _SAID})
    return {name: lab.get_issues(name) for name in _SAID}


def _finding(name: str, items: Sequence[Item], issues: Any, policy: PersonalData) -> Finding:
    check, said = _SAID[name]
    rows = np.flatnonzero(issues[f"is_{name}_issue"].to_numpy())
    rows = rows[np.argsort(issues[f"{name}_score"].to_numpy()[rows], kind="stable")]
    sample = [_sample(name, items, issues, int(row), policy) for row in rows[:_SAMPLE]]
    return Finding(
        check,
        "warning" if len(rows) else "info",
        f"{len(rows):,} {said}",
        len(rows),
        len(rows) / max(1, len(items)),
        None,
        tuple(items[row].id for row in rows[:_ROWS]),
        tuple(sample),
    )


def _sample(name: str, items: Sequence[Item], issues: Any, row: int, policy: PersonalData) -> Sample:
    if name == "label":
        told = f"{items[row].label}, or {issues['predicted_label'].iloc[row]}?"
        found = shown(items[row], None, policy)
        return Sample(found.id, found.text, told, found.part)
    near = issues["near_duplicate_sets"].iloc[row] if name == "near_duplicate" else []
    return shown(items[row], items[int(near[0])] if len(near) else None, policy)
