"""How much an old label counts: what the objective says, from the snapshot alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective import Objective, load_objective
from towpath.pipelines.steps import train
from towpath.pipelines.steps.ages import Ages, asked_for
from towpath.pipelines.steps.examples import Examples, label
from towpath.pipelines.steps.snapshot import Snapshot, load_snapshot, write_snapshot
from towpath.v1 import Annotation, ClassLabel, Document

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
DAY = 86_400


def objective(**retraining: Any) -> Objective:
    data = yaml.safe_load(OBJECTIVE.read_text())
    data["contract"]["labels"]["minRatersPerDocument"] = 1
    data["contract"]["retraining"] |= retraining
    return Objective.model_validate(data)


def document(number: int, day: int | None) -> Document:
    made = Document(document_id=f"d{number:02}", text=f"text {number}")
    if day is not None:
        made.created_at.FromSeconds(1_700_000_000 + day * DAY)
    return made


def snapshot(home: Path, days: list[int | None], *, dated: bool = True) -> Snapshot:
    annotations = [
        Annotation(annotation_id=f"a{n}", document_id=f"d{n:02}", rater_id="r", class_label=ClassLabel(score=3))
        for n in range(len(days))
    ]
    return write_snapshot([document(n, day) for n, day in enumerate(days)], annotations, home, dated=dated)


def weights(examples: Examples) -> list[float]:
    """Without what clearness has to do with it, which is the same of all."""
    return (examples.weight / examples.weight.max()).tolist()


def test_a_label_counts_half_at_each_half_life_before_the_newest(tmp_path: Path) -> None:
    made = snapshot(tmp_path, [100, 70, 40, 85])
    assert weights(label(made, objective(halfLife="30d"))) == pytest.approx([1, 0.5, 0.25, 2**-0.5])
    assert weights(label(made, objective())) == [1, 1, 1, 1]


def test_nothing_older_than_the_window_is_an_example(tmp_path: Path) -> None:
    examples = label(snapshot(tmp_path, [100, 70, 69, None]), objective(window="30d"))
    assert examples.ids == ["d00", "d01"]
    assert examples.left_out == {"too old": 1, "of unknown age": 1}


def test_a_document_that_does_not_say_when_it_was_made_counts_as_the_oldest(tmp_path: Path) -> None:
    examples = label(snapshot(tmp_path, [100, 70, None]), objective(halfLife="30d"))
    assert weights(examples) == pytest.approx([1, 0.5, 0.5])


def test_ages_are_the_snapshots_and_read_back_as_they_were(tmp_path: Path) -> None:
    made = snapshot(tmp_path, [100, 70, None])
    again = load_snapshot(made.path)
    assert again == made
    aged = objective(halfLife="30d", window="60d")
    assert weights(label(again, aged)) == weights(label(made, aged))
    assert snapshot(tmp_path, [100, 71, None]).id != made.id, "another age is another training"


def test_an_objective_without_ages_has_the_snapshots_that_it_always_had(tmp_path: Path) -> None:
    assert not asked_for(objective())
    assert asked_for(objective(window="30d"))
    assert asked_for(objective(halfLife="30d"))
    days, other = snapshot(tmp_path, [1, 2], dated=False), snapshot(tmp_path, [5, 9], dated=False)
    assert days.id == other.id
    assert "made_at" not in days.documents[0]


@given(st.lists(st.none() | st.floats(0, 4e9), min_size=1, max_size=30), st.sampled_from(["1h", "30d", "500w"]))
def test_weights_are_between_nothing_and_all_and_the_younger_count_more(made: list[float | None], half: str) -> None:
    rows: list[dict[str, Any]] = [{"document_id": str(n), "made_at": each} for n, each in enumerate(made)]
    ages = Ages.of(Snapshot("", Path(), rows, []), objective(halfLife=half))
    found = [ages.weight(row) for row in rows]
    assert all(0 < each <= 1 for each in found)
    dated = sorted(
        (row["made_at"], weight) for row, weight in zip(rows, found, strict=True) if row["made_at"] is not None
    )
    assert [weight for _, weight in dated] == sorted(weight for _, weight in dated)


def test_what_words_meant_long_ago_teaches_less_than_what_they_mean_now(tmp_path: Path) -> None:
    """Of the same text, twenty old labels say negative and ten new ones positive."""
    costs = load_objective(OBJECTIVE).costs
    days: list[int | None] = [0] * 20 + [365] * 10 + [0, 365] * 20
    truth = np.array([0] * 20 + [2] * 10 + [1] * 40)
    rows = np.zeros((len(days), 2), dtype=np.float32)
    rows[:30, 0], rows[30:, 1] = 1, 1

    def negative(**retraining: Any) -> float:
        made = label(snapshot(tmp_path, days), objective(**retraining))
        head = train.fit(rows, truth, made.weight, costs, seed=0).head
        return float(train.probabilities(head, rows[:1])[0, 0])

    always, slowly, fast = negative(), negative(halfLife="365d"), negative(halfLife="90d")
    assert always > 0.5
    assert fast < 0.2
    assert fast < slowly < always
