"""What cleanlab's Datalab is asked, and what is made of its answer."""

from __future__ import annotations

import numpy as np
import pytest

from towpath.core.objective.parts import PersonalData
from towpath.preparation.quality.deep import deep
from towpath.preparation.quality.items import Item

# "absent" is a class that nothing has: Datalab numbers only those that there are.
CLASSES = ("bad", "absent", "good")


def test_wrong_labels_and_twins_are_pointed_at_by_id() -> None:
    drawn = np.random.default_rng(1)
    truth = drawn.integers(0, 2, 200)
    embeddings = (drawn.normal(size=(200, 8)) + 6 * truth[:, None]).astype(np.float32)
    given = truth.copy()
    given[:5] = 1 - given[:5]
    embeddings[51] = embeddings[50]
    items = [Item(f"d{n}", f"text number {n} ann@example.com", CLASSES[2 * label]) for n, label in enumerate(given)]
    found = {each.check: each for each in deep(items, embeddings, CLASSES, PersonalData())}
    # How many it names follows from its estimate of how many are wrong.
    wrong = {f"d{n}" for n in range(5)}
    assert len(wrong & set(found["label-issues"].rows)) >= 4
    assert found["label-issues"].count <= 7
    assert {"d50", "d51"} <= set(found["twins"].rows)
    first = found["label-issues"].sample[0]
    assert first.label in ("bad, or good?", "good, or bad?")
    assert "ann@" not in first.text
    assert {each.severity for each in found.values()} <= {"warning", "info"}


def test_too_little_to_learn_from_is_said() -> None:
    items = [Item(f"d{n}", "text", "bad") for n in range(9)]
    with pytest.raises(ValueError, match="five documents of each of at least two classes"):
        deep(items, np.zeros((9, 3), dtype=np.float32), CLASSES, PersonalData())
